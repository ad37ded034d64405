// Several products in one build, side by side, each with its config file and its receipt. One that fails doesn't stop
// the others; the build fails in the end.
// The library of the release; a full commit id instead of the tag can never be moved.
library identifier: 'shipline@v0.1.0', retriever: modernSCM(
    libraryPath: 'ci_templates/jenkins/',
    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git']
)

properties([disableConcurrentBuilds()])

def branches = [:]
for (name in ['widget', 'gadget']) {
    String product = name // of this branch alone
    branches[product] = {
        node('shipline') { // where the program `shipline` is on PATH
            checkout scm
            sh 'make dist' // replace with your build
            def out = shipline(
                config: "products/${product}.yml",
                buildmasterCredentialsId: 'buildmaster-key',
                centercodeCredentialsId: 'centercode-key',
                v3CredentialsId: 'v3-token'
            )
            echo "${product}: ${out.result}"
        }
    }
}

stage('Release') {
    parallel branches
}
