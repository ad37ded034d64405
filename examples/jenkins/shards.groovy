// Many products over four agents: each takes its part of products/*.yml, side by side, and each product is in one part.
// The library of the release; a full commit id instead of the tag can never be moved.
library identifier: 'shipline@v0.1.0', retriever: modernSCM(
    libraryPath: 'ci_templates/jenkins/',
    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git']
)

properties([disableConcurrentBuilds()])

def parts = 4 // another number divides the products anew: finish a release with one
def branches = [:]
for (number in 1..parts) {
    String part = "${number}/${parts}" // of this branch alone
    branches["part ${part}"] = {
        node('shipline') { // where the program `shipline` is on PATH
            checkout scm
            def out = shipline(
                config: 'products/*.yml',
                shard: part,
                parallel: 32, // at once in each part; the default is 16
                buildmasterCredentialsId: 'buildmaster-key',
                centercodeCredentialsId: 'centercode-key',
                v3CredentialsId: 'v3-token'
            )
            echo "${part}: ${out.result}"
        }
    }
}

stage('Release') {
    parallel branches
}
