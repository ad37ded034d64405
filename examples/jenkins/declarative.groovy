// A tag is released: built, deployed with BuildMaster, announced. What is released is said in shipline.yml.
// The library of the release; a full commit id instead of the tag can never be moved.
library identifier: 'shipline@v0.1.0', retriever: modernSCM(
    libraryPath: 'ci_templates/jenkins/',
    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git']
)

pipeline {
    agent { label 'docker' }

    // Two builds never release at once; the workspace keeps the receipt, so that what is done stays done.
    options {
        disableConcurrentBuilds()
        timeout(time: 90, unit: 'MINUTES')
    }

    stages {
        stage('Build') {
            steps {
                // Replace with your build.
                sh 'make dist'
            }
        }

        stage('Release') {
            when { buildingTag() }
            steps {
                script {
                    def out = shipline(
                        image: 'ghcr.io/shipline/shipline:v0.1.0',
                        buildmasterCredentialsId: 'buildmaster-key',
                        centercodeCredentialsId: 'centercode-key',
                        v3CredentialsId: 'v3-token',
                        unstableOnWarning: true
                    )
                    echo "build ${out.buildmasterBuildNumber}: ${out.result}, ${out.centercodeReleaseUrl}"
                }
            }
        }
    }
}
