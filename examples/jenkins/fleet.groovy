// The products that a tag is for, a branch each: v1.4.0 releases those without a `tag-prefix` in products/NAME.yml,
// router-v1.4.0 those with `tag-prefix: router-v`. One that fails doesn't stop the others; the build fails in the end.
// `readJSON` is of the plugin Pipeline Utility Steps.
// The library of the release; a full commit id instead of the tag can never be moved.
library identifier: 'shipline@v0.1.0', retriever: modernSCM(
    libraryPath: 'ci_templates/jenkins/',
    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git']
)

properties([disableConcurrentBuilds()])

def branches = [:]

stage('Products') {
    node('shipline') { // where the program `shipline` is on PATH
        checkout scm
        def matrix = sh(script: "shipline matrix 'products/*.yml' --format jenkins", returnStdout: true)
        def products = readJSON text: matrix
        for (name in new ArrayList(products.keySet())) {
            String product = name // of this branch alone
            String config = products[product].config
            branches[product] = {
                node('shipline') {
                    checkout scm
                    sh 'make dist' // replace with your build
                    def out = shipline(
                        config: config,
                        buildmasterCredentialsId: 'buildmaster-key',
                        centercodeCredentialsId: 'centercode-key',
                        v3CredentialsId: 'v3-token'
                    )
                    echo "${product}: ${out.result}"
                }
            }
        }
    }
}

stage('Release') {
    parallel branches
}
