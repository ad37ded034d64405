// Deploy; announce when somebody has approved it, which may take days and holds no agent. The second agent gets the
// very files that were deployed, as their sizes and checksums are announced, and the receipt of what was done.
// The library of the release; a full commit id instead of the tag can never be moved.
library identifier: 'shipline@v0.1.0', retriever: modernSCM(
    libraryPath: 'ci_templates/jenkins/',
    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git']
)

def buildId = ''

pipeline {
    agent none

    // Without preserveStashes(): a stage that is restarted would get the receipt as it was before its first attempt.
    options {
        disableConcurrentBuilds()
    }

    stages {
        stage('Deploy') {
            when { buildingTag() }
            agent { label 'shipline' } // where the program `shipline` is on PATH
            steps {
                sh 'make dist' // replace with your build
                script {
                    def out = shipline(steps: ['build', 'deploy'], buildmasterCredentialsId: 'buildmaster-key')
                    buildId = out.buildmasterBuildId
                }
                stash name: 'release', includes: 'dist/*,.shipline/*.json'
            }
        }

        stage('Publish') {
            when { buildingTag() }
            input { // before the agent is asked for
                message 'Announce this release?'
            }
            agent { label 'shipline' }
            steps {
                unstash 'release'
                script {
                    // Waits until the build has succeeded in the last stage of shipline.yml, whoever deploys it there.
                    def out = shipline(
                        steps: ['publish'],
                        buildmasterBuildId: buildId,
                        buildmasterCredentialsId: 'buildmaster-key',
                        centercodeCredentialsId: 'centercode-key',
                        v3CredentialsId: 'v3-token'
                    )
                    echo "announced: ${out.v3ReleaseId} ${out.centercodeReleaseUrl}"
                }
            }
        }
    }
}
