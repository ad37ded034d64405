// Release each pushed tag, with the settings in shipline.yml.
// The library of the release; a full commit id instead of the tag can never be moved.
#% block library %#
library identifier: 'shipline@v<<version>>', retriever: modernSCM(
    libraryPath: 'ci_templates/jenkins/',
    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git']
)
#% endblock %#

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
#% if build.command %#
                sh '<<build.command>>'
#% else %#
                sh 'mkdir -p dist && git archive --output "dist/<<project.slug>>-${TAG_NAME#v}.zip" HEAD'
#% endif %#
            }
        }

#% if upload %#
        stage('Upload') {
            when { buildingTag() }
            steps {
                // To the `url` in shipline.yml; replace with what your download server needs.
                withCredentials([string(credentialsId: 'upload-token', variable: 'UPLOAD_TOKEN')]) {
                    sh '''
                        <<upload | indent(24)>>
                    '''
                }
            }
        }

#% endif %#
#% block stage %#
        stage('Release') {
            when { buildingTag() }
            steps {
                script {
                    def out = shipline(
                        image: 'ghcr.io/shipline/shipline:v<<version>>',
#% for service in services | sort %#
                        <<service>>CredentialsId: '<<credentials[service]>>',
#% endfor %#
                        unstableOnWarning: true
                    )
                    echo "<<"build ${out.buildmasterBuildNumber}: " if "buildmaster" in services>>${out.result}<<", ${out.centercodeReleaseUrl}" if "centercode" in services>>"
                }
            }
        }
#% endblock %#
    }
}
