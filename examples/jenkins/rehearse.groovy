// Each change request rehearses the release: the main job runs twice against the bundled sandbox, without credentials.
// The library of the release; a full commit id instead of the tag can never be moved.
library identifier: 'shipline@v0.1.0', retriever: modernSCM(
    libraryPath: 'ci_templates/jenkins/',
    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git']
)

pipeline {
    agent { label 'docker' }

    options { timeout(time: 15, unit: 'MINUTES') }

    stages {
        stage('Build') {
            steps {
                sh 'make dist' // replace with yours
            }
        }

        stage('Rehearse') {
            when { changeRequest() }
            steps {
                script {
                    shipline.rehearse(image: 'ghcr.io/shipline/shipline:v0.1.0')
                }
            }
        }
    }
}
