// A tag is released, any other commit is only checked. What is released is said in shipline.yml, and some of it here.
// The library of the release; a full commit id instead of the tag can never be moved.
library identifier: 'shipline@v0.1.0', retriever: modernSCM(
    libraryPath: 'ci_templates/jenkins/',
    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git']
)

properties([disableConcurrentBuilds()])

node('docker') {
    stage('Build') {
        checkout scm
        // Yours instead; it also uploads the files to where the `url` in shipline.yml points.
        sh 'make dist'
    }

    if (!env.TAG_NAME) {
        stage('Check') {
            shipline.validate(
                image: 'ghcr.io/shipline/shipline:v0.1.0',
                releaseVersion: '0.0.0',
                releaseNotesText: 'Not a release.'
            )
        }
        return
    }

    stage('Release') {
        def out = shipline(
            image: 'ghcr.io/shipline/shipline:v0.1.0',
            buildmasterStages: ['Integration', 'Testing'],
            buildmasterVariables: [Branch: '{tag}', Commit: '{short_sha}'],
            buildmasterTimeout: '45m',
            buildmasterCredentialsId: 'buildmaster-key',
            centercodeCredentialsId: 'centercode-key',
            v3CredentialsId: 'v3-token',
            failOnError: false
        )
        // What was done before a failure is told as well.
        echo "build ${out.buildmasterBuildNumber} reached ${out.buildmasterStage}: ${out.result}"
        if (!['succeeded', 'warned'].contains(out.result)) {
            error("not released: ${out.failedStep}")
        }
    }
}
