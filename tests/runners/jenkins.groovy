/*
 * Runs a Jenkinsfile as Jenkins would, as far as these tests need it: its steps are below, `sh` really runs a shell, and
 * `docker.image().inside` really runs a container. Reads how from the JSON file that its argument names; writes what came
 * of it to the file that this names as `out`.
 *
 * What is as in Jenkins because it matters: `withEnv` expands $NAME and takes $$ for a dollar sign (EnvVars.expand);
 * branches of `parallel` take turns and go on side by side only while a shell runs; a declarative `input` comes before
 * the stage's agent. What isn't: pipelines are not saved and resumed.
 */
import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.util.concurrent.locks.ReentrantLock
import org.codehaus.groovy.control.CompilerConfiguration

class AbortException extends Exception {
    AbortException(String message) { super(message) }
}

/** Jenkins' exception of an aborted build, which is no AbortException. */
class FlowInterruptedException extends Exception {
    FlowInterruptedException() { super('aborted') }
}

/** Where a step runs: a thread of the pipeline has one at a time. */
class Place {
    Map env = [:]
    File dir
    String container
    boolean onNode
    boolean windows

    Place but(Map changes) {
        new Place([env: env, dir: dir, container: container, onNode: onNode, windows: windows] + changes)
    }
}

class CurrentBuild {
    String description
    String displayName
    String result
    int number

    String getCurrentResult() { result ?: 'SUCCESS' }
}

class Build {
    static Map given
    static Map global = [:]
    static CurrentBuild current = new CurrentBuild()
    static StringBuffer log = new StringBuffer()
    static Map seen = [commands: [], scripts: [], archived: [], inputs: [], options: [], libraries: [], nodes: [], issues: []]
    static Map stashes = [:]
    static ReentrantLock turn = new ReentrantLock()
    static InheritableThreadLocal<Place> place = new InheritableThreadLocal<>()

    static Map env() { global + place.get().env }

    static Object at(Map changes, Closure body) {
        Place before = place.get()
        place.set(before.but(changes))
        try {
            return body()
        } finally {
            place.set(before)
        }
    }

    static void say(Object text) { log.append("${text}\n") }

    /** The exit code; output goes to the log, or is returned as `text` if it is asked for. */
    static Map process(List<String> command, Map env, File dir, boolean asText = false) {
        seen.commands << command
        ProcessBuilder builder = new ProcessBuilder(command).directory(dir).redirectErrorStream(!asText)
        builder.environment().clear()
        builder.environment().putAll(given.host)
        builder.environment().putAll(env)
        String cookie = UUID.randomUUID()
        builder.environment().JENKINS_SERVER_COOKIE = cookie
        boolean aborted = false
        Process process = builder.start()
        process.outputStream.close()
        StringBuffer out = new StringBuffer()
        turn.unlock()
        int code
        try {
            Thread errors = process.consumeProcessErrorStream(log)
            InputStreamReader reader = new InputStreamReader(process.inputStream, 'UTF-8')
            char[] some = new char[4096]
            for (int count = reader.read(some); count > 0; count = reader.read(some)) {
                (asText ? out : log).append(some, 0, count)
                if (given.abortAt && !aborted && log.indexOf(given.abortAt) >= 0) {
                    aborted = true
                    terminate(cookie)
                }
            }
            errors.join()
            code = process.waitFor()
        } finally {
            turn.lock()
        }
        if (aborted) {
            throw new FlowInterruptedException()
        }
        return [code: code, text: out.toString()]
    }

    /** As Jenkins aborts a step: SIGTERM to every process that has inherited the step's cookie. */
    static void terminate(String cookie) {
        new File('/proc').eachDirMatch(~/[0-9]+/) { folder ->
            try {
                if (new File(folder, 'environ').text.contains(cookie)) {
                    ['kill', '-TERM', folder.name].execute().waitFor()
                }
            } catch (IOException ended) {
                assert ended
            }
        }
    }

    static List<File> matching(String patterns) {
        File root = place.get().dir
        List found = []
        root.eachFileRecurse(groovy.io.FileType.FILES) { file ->
            def relative = root.toPath().relativize(file.toPath())
            for (pattern in patterns.split(',')) {
                if (FileSystems.default.getPathMatcher('glob:' + pattern.trim()).matches(relative)) {
                    found << file
                    break
                }
            }
        }
        return found
    }

    static void copy(List<File> files, File to) {
        File root = place.get().dir
        for (file in files) {
            File target = new File(to, root.toPath().relativize(file.toPath()).toString())
            target.parentFile.mkdirs()
            Files.copy(file.toPath(), target.toPath(), StandardCopyOption.REPLACE_EXISTING)
        }
    }
}

class Env {
    Object getProperty(String name) { Build.env()[name] }

    void setProperty(String name, Object value) { Build.global[name] = value.toString() }
}

class Docker {
    Map image(String name) {
        [inside: { Object... given -> inside(name, given.size() > 1 ? given[0].toString() : '', given[-1] as Closure) }]
    }

    private Object inside(String name, String arguments, Closure body) {
        Place at = Build.place.get()
        String here = at.dir.path
        List names = Build.env().keySet().collectMany { ['-e', it] }
        List tokens = arguments.split(/\s+/).findAll { it }.collect { it.replaceAll(/['"]/, '') }
        Build.process(['chown', '-R', Build.given.uid, here, here + '@tmp'], [:], at.dir)
        List command = ['podman', 'run', '-t', '-d', '-u', Build.given.uid] + tokens + ['-w', here]
        command += ['-v', "${here}:${here}".toString(), '-v', "${here}@tmp:${here}@tmp".toString()] + names
        String id = Build.process(command + [Build.given.images[name] ?: name, 'cat'], Build.env(), at.dir, true).text.trim()
        try {
            String running = Build.process(['podman', 'inspect', '--format', '{{.State.Running}}', id], [:], at.dir, true).text
            if (running.trim() != 'true') {
                throw new AbortException("the image ${name} must run `cat` when told to")
            }
            return Build.at(container: id, body)
        } finally {
            Build.process(['podman', 'rm', '--force', '--time', '0', id], [:], at.dir, true)
        }
    }
}

/** What a declarative block says: directive by directive, carried out only afterwards. */
class Directives {
    final String any = 'any'
    final String none = 'none'
    final List said = []

    Object invokeMethod(String name, Object given) {
        said << [name, given as List]
        return name
    }

    static Directives of(Closure block) {
        Directives directives = new Directives()
        Closure rooted = block.rehydrate(directives, block.owner, block.thisObject)
        rooted.resolveStrategy = Closure.DELEGATE_FIRST
        rooted()
        return directives
    }

    List<List> all(String name) { said.findAll { it[0] == name }*.getAt(1) }

    List one(String name) { all(name) ? all(name)[0] : null }
}

abstract class Steps extends Script {
    Object invokeMethod(String name, Object given) {
        Object variable = binding.hasVariable(name) ? binding.getVariable(name) : null
        return variable instanceof Script ? variable.invokeMethod('call', given) : super.invokeMethod(name, given)
    }

    boolean isUnix() { !Build.place.get().windows }

    /** cmd.exe as far as one command without quotes needs it. */
    Object bat(Map given) {
        Place at = Build.place.get()
        assert at.onNode && at.windows: 'bat needs a Windows agent'
        Build.seen.scripts << given.script.toString()
        assert given.script ==~ /[a-z ]+/ && given.returnStatus
        return Build.process(['/usr/bin/env'] + given.script.split(' ').toList(), Build.env(), at.dir).code
    }

    Object sh(Object given) {
        Map asked = given instanceof Map ? given : [script: given]
        Place at = Build.place.get()
        assert at.onNode: 'sh outside of node'
        assert !at.windows: 'a Windows agent has no sh'
        File script = new File(at.dir.path + '@tmp', "${UUID.randomUUID()}.sh")
        script.parentFile.mkdirs()
        script.setText(asked.script.toString(), 'UTF-8')
        Build.seen.scripts << asked.script.toString()
        List command = ['/bin/sh', '-xe', script.path]
        if (at.container) {
            List names = Build.env().keySet().collectMany { ['--env', it] }
            command = ['podman', 'exec', '--workdir', at.dir.path] + names + [at.container] + command
        }
        Map ended = Build.process(command, Build.env(), at.dir, asked.returnStdout ?: false)
        if (asked.returnStatus) {
            return ended.code
        }
        if (ended.code != 0) {
            throw new AbortException("script returned exit code ${ended.code}")
        }
        return asked.returnStdout ? ended.text : null
    }

    Object node(String label = '', Closure body) {
        Build.seen.nodes << label
        File dir = new File(Build.given.work, "agent-${Build.seen.nodes.size()}/workspace")
        dir.mkdirs()
        new File(dir.path + '@tmp').mkdirs()
        Map env = Build.place.get().env + [WORKSPACE: dir.path]
        Build.at([dir: dir, onNode: true, windows: label.contains('windows'), env: env], body)
    }

    Object checkout(Object scm) {
        File here = Build.place.get().dir
        Map cloned = Build.process(['git', 'clone', '--quiet', Build.given.repository, here.path], [:], here)
        assert cloned.code == 0: Build.log
        return null
    }

    Object getScm() { 'scm' }

    Object withEnv(List variables, Closure body) {
        Map env = Build.env()
        Map changed = [:]
        for (variable in variables) {
            List parts = variable.toString().split('=', 2) as List
            changed[parts[0]] = parts[1].replaceAll(/\$([A-Za-z0-9_]+|\{[A-Za-z0-9_.]+\}|\$)/) { all, name ->
                name == '$' ? '$' : env.containsKey(name.replaceAll(/[{}]/, '')) ? env[name.replaceAll(/[{}]/, '')] : all
            }
        }
        return Build.at(env: Build.place.get().env + changed, body)
    }

    Map string(Map given) { given }

    /** A credential of the kind Secret file: its variable names a file beside the workspace. */
    Map file(Map given) { given + [asFile: true] }

    Object withCredentials(List bindings, Closure body) {
        Map keys = bindings.collectEntries {
            if (!Build.given.credentials.containsKey(it.credentialsId)) {
                throw new AbortException("Could not find credentials entry with ID '${it.credentialsId}'")
            }
            String value = Build.given.credentials[it.credentialsId]
            if (it.asFile) {
                File secret = new File(Build.place.get().dir.path + '@tmp', "secretFiles/${UUID.randomUUID()}")
                secret.parentFile.mkdirs()
                secret.setText(value + '\n', 'UTF-8')
                value = secret.path
            }
            [(it.variable): value]
        }
        return Build.at(env: Build.place.get().env + keys, body)
    }

    /** Of the HashiCorp Vault plugin: values of secrets as variables. */
    Object withVault(Map given, Closure body) {
        Map keys = given.vaultSecrets.collectMany { it.secretValues }.collectEntries {
            [(it.envVar): Build.given.credentials[it.vaultKey]]
        }
        return Build.at(env: Build.place.get().env + keys, body)
    }

    // Of the Kubernetes plugin: a pod's containers share the workspace; steps run in the one that is named.

    Object podTemplate(Map given, Closure body) {
        binding.setVariable('POD_LABEL', 'pod')
        binding.setVariable('podContainers', given.containers)
        return body()
    }

    Map containerTemplate(Map given) { given }

    Object container(String name, Closure body) {
        Place at = Build.place.get()
        String here = at.dir.path
        Map template = binding.getVariable('podContainers').find { it.name == name }
        List command = ['podman', 'run', '-d', '--entrypoint', template.command, '-w', here]
        command += ['-v', "${here}:${here}".toString(), '-v', "${here}@tmp:${here}@tmp".toString()]
        command += [Build.given.images[template.image] ?: template.image] + template.args.split(' ').toList()
        String id = Build.process(command, Build.env(), at.dir, true).text.trim()
        try {
            return Build.at(container: id, body)
        } finally {
            Build.process(['podman', 'rm', '--force', '--time', '0', id], [:], at.dir, true)
        }
    }

    Map analysisParser(Map given) { given }

    /** Of the plugin Warnings, which skips an issue without one of these (violations-lib, CodeClimateParser). */
    void recordIssues(Map given) {
        assert given.tool.analysisModelId == 'code-climate'
        for (file in Build.matching(given.tool.pattern.toString())) {
            for (issue in new JsonSlurper().parse(file, 'UTF-8')) {
                if (issue.severity && 'Bug Risk' in issue.categories && issue.location.lines.begin) {
                    Build.seen.issues << [issue.location.path, issue.location.lines.begin.toString(), issue.description]
                }
            }
        }
    }

    Object dir(String name, Closure body) {
        Build.at(dir: new File(Build.place.get().dir, name), body)
    }

    String readFile(Map given) {
        new String(Files.readAllBytes(new File(Build.place.get().dir, given.file.toString()).toPath()), given.encoding ?: 'UTF-8')
    }

    /** Of the plugin Pipeline Utility Steps. */
    Object readJSON(Map given) { new JsonSlurper().parseText(given.text.toString()) }

    void archiveArtifacts(Map given) {
        if (Build.given.agentLost) {
            throw new IOException('the channel to the agent is closed')
        }
        List files = Build.matching(given.artifacts.toString())
        if (!files && !given.allowEmptyArchive) {
            throw new AbortException("No artifacts found that match ${given.artifacts}")
        }
        Build.copy(files, new File(Build.given.work, 'archive'))
    }

    void stash(Map given) {
        File to = new File(Build.given.work, "stashes/${given.name}")
        List files = Build.matching(given.includes ?: '**')
        if (!files && !given.allowEmpty) {
            throw new AbortException("No files included in stash ${given.name}")
        }
        Build.copy(files, to)
        Build.stashes[given.name] = to
    }

    void unstash(String name) {
        File from = Build.stashes[name]
        if (from == null) {
            throw new AbortException("No such saved stash ${name}")
        }
        File here = Build.place.get().dir
        Build.at(dir: from) { Build.copy(Build.matching('**'), here) }
    }

    void echo(Object text) { Build.say(text) }

    void error(Object text) { throw new AbortException(text.toString()) }

    void unstable(Object text) {
        Build.say("WARNING: ${text}")
        Build.current.result = 'UNSTABLE'
    }

    Object stage(String name, Closure body) {
        Build.say("[stage] ${name}")
        return body()
    }

    Object script(Closure body) { body() }

    Object timeout(Map given, Closure body) { body() }

    Object retry(int times, Closure body) {
        for (int left = times - 1; ; left--) {
            try {
                return body()
            } catch (AbortException failed) {
                Build.say("ERROR: ${failed.message}")
                if (left == 0) {
                    throw failed
                }
            }
        }
    }

    Object input(Object given) {
        Build.seen.inputs << [onNode: Build.place.get().onNode]
        return null
    }

    Object parallel(Map branches) {
        Place at = Build.place.get()
        Map results = [:]
        List failures = []
        List threads = branches.findAll { it.key != 'failFast' }.collect { name, body ->
            Thread.start {
                Build.turn.lock()
                Build.place.set(at)
                try {
                    results[name] = body()
                } catch (Throwable failed) {
                    failures << failed
                } finally {
                    Build.turn.unlock()
                }
            }
        }
        Build.turn.unlock()
        threads*.join()
        Build.turn.lock()
        if (failures) {
            throw failures[0]
        }
        return results
    }

    void properties(List given) { Build.seen.options += given }

    Object disableConcurrentBuilds(Object... given) { 'disableConcurrentBuilds' }

    Map modernSCM(Map given) { given }

    Object library(Map given) {
        Build.seen.libraries << given
        String folder = "${Build.given.project}/${given.retriever.libraryPath}vars"
        for (file in new File(folder).listFiles().findAll { it.name.endsWith('.groovy') }) {
            binding.setVariable(file.name - '.groovy', Main.shell(binding).parse(file))
        }
        return null
    }

    // Declarative pipelines.

    Object pipeline(Closure block) {
        Directives all = Directives.of(block)
        (all.one('options') ?: []).each { Build.seen.options += Directives.of(it).said*.getAt(0) }
        return onAgent(all) { runStages(all) }
    }

    Object onAgent(Directives block, Closure body) {
        List agent = block.one('agent')
        if (agent == null || agent[0] == 'none') {
            return body()
        }
        return node(agent[0] instanceof Closure ? Directives.of(agent[0]).one('label')[0] : '') {
            checkout(scm)
            body()
        }
    }

    void runStages(Directives block) {
        for (stage in Directives.of(block.one('stages')[0]).all('stage')) {
            runStage(stage[0], Directives.of(stage[1]))
        }
    }

    void runStage(String name, Directives block) {
        List condition = block.one('when')
        boolean wanted = !condition || !Directives.of(condition[0]).one('buildingTag') || Build.env().TAG_NAME
        stage(name) {
            if (!wanted) {
                return
            }
            if (block.one('input')) {
                input(Directives.of(block.one('input')[0]).one('message')[0])
            }
            onAgent(block) {
                if (block.one('stages')) {
                    runStages(block)
                }
                try {
                    (block.one('steps') ?: []).each { it.rehydrate(this, this, this).call() }
                } finally {
                    (block.one('post') ?: []).each { post ->
                        (Directives.of(post).one('always') ?: []).each { it.rehydrate(this, this, this).call() }
                    }
                }
            }
        }
    }
}

class Main {
    static GroovyShell shell(Binding binding) {
        new GroovyShell(Main.classLoader, binding, new CompilerConfiguration(scriptBaseClass: 'Steps', sourceEncoding: 'UTF-8'))
    }

    static void run(String configuration) {
        Build.given = new JsonSlurper().parse(new File(configuration), 'UTF-8')
        Build.global.putAll(Build.given.env)
        Build.current.number = (Build.given.env.BUILD_NUMBER ?: '1') as int
        Build.place.set(new Place(dir: new File(Build.given.work)))
        Build.turn.lock()
        Binding binding = new Binding(env: new Env(), docker: new Docker(), currentBuild: Build.current)
        Object returned = null
        try {
            returned = shell(binding).evaluate(new File(Build.given.jenkinsfile))
        } catch (AbortException failed) {
            Build.say("ERROR: ${failed.message}")
            Build.current.result = 'FAILURE'
        } catch (FlowInterruptedException aborted) {
            Build.current.result = 'ABORTED'
        } catch (Throwable failed) {
            StringWriter trace = new StringWriter()
            failed.printStackTrace(new PrintWriter(trace))
            Build.say(trace)
            Build.current.result = 'FAILURE'
        }
        Map found = Build.seen + [
            result: Build.current.currentResult,
            description: Build.current.description,
            log: Build.log.toString(),
            returned: returned instanceof Map ? returned : null,
        ]
        found.libraries = found.libraries*.toString()
        new File(Build.given.out).setText(JsonOutput.toJson(found), 'UTF-8')
    }
}

Main.run(args[0])
