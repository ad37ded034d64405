/*
 * The step `shipline`: deploy with BuildMaster, announce to Centercode and v3 releases. Its help is shipline.txt.
 *
 * Everything is done by the program, in one shell step whose text never changes: values reach it as variables, keys as
 * bound credentials. No plugin beyond those that pipelines, credentials and, with `image`, Docker need.
 */

/** The main job. Gives the outputs as a map: out.result, out.buildmasterBuildNumber, out.centercodeReleaseUrl … */
Map call(Map given = [:]) {
    return ship(given)
}

/** Look-ups only: shows what the main job would send. */
Map plan(Map given = [:]) {
    return ship(given + [command: 'plan'])
}

/** Runs the main job against the sandbox: needs no keys, and sends nothing to another machine. */
Map rehearse(Map given = [:]) {
    return ship(given + [command: 'rehearse'])
}

/** Checks everything that can be checked without a network. */
Map validate(Map given = [:]) {
    return ship(given + [command: 'validate'])
}

/** Deploys the existing build of releaseVersion to the stages in toStage. */
Map promote(Map given = [:]) {
    return ship(given + [command: 'promote'])
}

/** Publishes the v3 draft of releaseVersion. */
Map publish(Map given = [:]) {
    return ship(given + [command: 'publish'])
}

/** Takes releaseVersion back; with toStage, deploys the build before it there. */
Map retract(Map given = [:]) {
    return ship(given + [command: 'retract', yes: true])
}

/** Shows where releaseVersion is, or the newest few; the result is failed unless it is everywhere. */
Map status(Map given = [:]) {
    return ship(given + [command: 'status'])
}

private Map ship(Map written) {
    Map given = named(written)
    refuseWrong(given)
    // Each call has its own: branches of `parallel` may share a workspace.
    String folder = ".shipline/jenkins/${env.BUILD_NUMBER}-${UUID.randomUUID()}"
    List variables = ['SHIPLINE_INPUT_CI=jenkins', 'SHIPLINE_OUT_FOLDER=' + folder]
    variables += variablesFor([report: folder + '/report.html'] + given)
    List keys = keysFor(given)
    int status = -1
    Map out = [:]
    Exception failure = null
    try {
        withEnv(variables) {
            if (given.image) {
                // Keys are bound inside: they must not be among the container's settings, which `docker inspect` shows.
                docker.image(given.image.toString()).inside("--entrypoint=''") { status = start(keys) }
            } else {
                status = start(keys)
            }
        }
    } catch (problem) {
        failure = problem
    }
    // Keep the files of an aborted build too. It stays aborted, even if its agent is gone and the files with it.
    try {
        out = outputsIn(contentOf(folder + '/outputs'))
        String receipts = out.receipt ?: given.receipt ?: '.shipline/*.json'
        String kept = receipts + ',' + folder + '/**' + (given.report ? ',' + given.report : '')
        archiveArtifacts(artifacts: kept, allowEmptyArchive: true)
        if (!isFalse(given.buildDescription)) {
            describe(contentOf(folder + '/description.html'))
        }
    } catch (lost) {
        failure = failure ?: lost
    }
    if (failure) {
        throw failure
    }
    String ended = "shipline: ${out.result}${out.failedStep ? ' at ' + out.failedStep : ''}, exit ${status}"
    if ((status != 0 || out.result == 'failed') && !isFalse(given.failOnError)) {
        error(ended + '; the lines DONE, NOT DONE and NEXT above say how things stand')
    }
    if (out.result == 'warned' && isTrue(given.unstableOnWarning)) {
        unstable(ended)
    }
    return out
}

private int start(List keys) {
    int status = -1
    if (keys) {
        withCredentials(keys) { status = runProgram() }
    } else {
        status = runProgram()
    }
    return status
}

private int runProgram() {
    Map options = [returnStatus: true, label: 'shipline']
    // Without exec, an abort ends the shell at once, and the build goes on before the program has written its files.
    return isUnix() ? sh(options + [script: 'exec shipline run']) : bat(options + [script: 'shipline run'])
}

/** A copy in which each name is a String, in maps within it too: text doesn't find a GString in a map. */
private Map named(Map written) {
    Map copy = [:]
    List values = new ArrayList(written.values())
    int place = 0
    for (name in new ArrayList(written.keySet())) {
        Object value = values[place]
        copy[name.toString()] = value instanceof Map ? named(value) : value
        place += 1
    }
    return copy
}

private void refuseWrong(Map given) {
    List wrong = []
    for (name in new ArrayList(given.keySet())) {
        String kind = kinds()[name]
        String problem = kind == null ? unknown(name) : unfit(kind, given[name])
        if (problem) {
            wrong.add(name + ': ' + problem)
        }
    }
    if (wrong) {
        error('shipline: nothing was run: ' + wrong.join('; '))
    }
}

private String unknown(String name) {
    String plain = plainly(name)
    if (['buildmasterapikey', 'centercodeapikey', 'v3token', 'journaltoken'].contains(plain)) {
        String section = plain.replace('apikey', '').replace('token', '')
        return 'a key is never written here: put it into a credential, and its id into ' + section + 'CredentialsId'
    }
    String nearest = ''
    int least = plain.length() < 6 ? 2 : 4
    for (known in new ArrayList(kinds().keySet())) {
        // `stages` for buildmasterStages, too.
        int far = plainly(known).endsWith(plain) ? 0 : distance(plain, plainly(known), least)
        if (far < least) {
            nearest = known
            least = far
        }
    }
    return 'unknown' + (nearest ? ': did you mean ' + nearest + '?' : ': expected a name from the help of this step')
}

private String plainly(String name) {
    return name.replaceAll('[^A-Za-z0-9]', '').toLowerCase(Locale.ROOT)
}

/** How many letters must change to make one of the other; `limit` if it is at least that. */
private int distance(String one, String other, int limit) {
    if (one.length() - other.length() >= limit || other.length() - one.length() >= limit) {
        return limit
    }
    List above = []
    for (int column = 0; column <= other.length(); column++) {
        above.add(column)
    }
    for (int row = 1; row <= one.length(); row++) {
        List here = [row]
        for (int column = 1; column <= other.length(); column++) {
            int changed = above[column - 1] + (one.charAt(row - 1) == other.charAt(column - 1) ? 0 : 1)
            int added = Math.min(here[column - 1], above[column]) + 1
            here.add(Math.min(changed, added))
        }
        above = here
    }
    return Math.min(above[other.length()], limit)
}

/** What is wrong with a value for an input of this kind; empty: nothing. */
private String unfit(String kind, Object value) {
    if (value instanceof Map) {
        if (kind != 'map') {
            return 'expected ' + (kind == 'list' ? 'a list' : 'text') + ', found a map'
        }
        for (name in new ArrayList(value.keySet())) {
            if (!onOneLine(name) || name.contains('=') || !onOneLine(value[name])) {
                return 'expected names without = and values, each on one line'
            }
        }
        return ''
    }
    if (value instanceof List) {
        for (item in value) {
            if (!onOneLine(item)) {
                return 'expected items of text, each on one line'
            }
        }
        return kind == 'list' ? '' : 'expected ' + (kind == 'map' ? 'a map' : 'text') + ', found a list'
    }
    if (kind == 'switch' && value != null && !['', 'true', 'false'].contains(value.toString())) {
        return 'expected true or false'
    }
    return value == null || isText(value) ? '' : 'expected text'
}

private boolean isText(Object value) {
    return value instanceof CharSequence || value instanceof Number || value instanceof Boolean
}

private boolean onOneLine(Object value) {
    return isText(value) && !value.toString().contains('\n')
}

private boolean isTrue(Object value) {
    return value != null && value.toString() == 'true'
}

private boolean isFalse(Object value) {
    return value != null && value.toString() == 'false'
}

/** The inputs as variables, NAME=value; null is unset. */
private List variablesFor(Map given) {
    List variables = []
    for (name in new ArrayList(given.keySet())) {
        if (given[name] != null && !['step', 'switch'].contains(kinds()[name])) {
            String words = name.replaceAll('([A-Z])', '_$1')
            variables.add('SHIPLINE_INPUT_' + words.toUpperCase(Locale.ROOT) + '=' + unexpanded(lines(given[name])))
        }
    }
    return variables
}

private String lines(Object value) {
    if (value instanceof List) {
        return value.join('\n')
    }
    if (value instanceof Map) {
        List entries = []
        for (name in new ArrayList(value.keySet())) {
            entries.add(name + '=' + value[name])
        }
        return entries.join('\n')
    }
    return value.toString()
}

/** `withEnv` fills in $NAME and ${NAME}, and takes $$ for a dollar sign. */
private String unexpanded(String text) {
    return text.replaceAll('\\$(?=[A-Za-z0-9_{$])', '\\$\\$')
}

private List keysFor(Map given) {
    Map variables = [
        buildmaster: 'SHIPLINE_BUILDMASTER_API_KEY',
        centercode: 'SHIPLINE_CENTERCODE_API_KEY',
        v3: 'SHIPLINE_V3_TOKEN',
        journal: 'SHIPLINE_JOURNAL_TOKEN'
    ]
    List keys = []
    for (service in new ArrayList(variables.keySet())) {
        Object id = given[service + 'CredentialsId']
        if (id) {
            keys.add(string(credentialsId: id.toString(), variable: variables[service]))
        }
    }
    return keys
}

/** The file's text; empty if the program didn't come to write it. */
private String contentOf(String file) {
    String text = ''
    try {
        text = readFile(file: file, encoding: 'UTF-8')
    } catch (IOException ignored) {
        text = ''
    }
    return text
}

private Map outputsIn(String text) {
    Map out = [result: 'failed']
    for (line in text.split('\n')) {
        int equals = line.indexOf('=')
        if (equals > 0) {
            out[line.substring(0, equals)] = line.substring(equals + 1)
        }
    }
    return out
}

/** Beside what other calls and steps have written there. */
private void describe(String html) {
    if (html) {
        currentBuild.description = (currentBuild.description ?: '') + html
    }
}

/** Every name that may be given, and what may be given for it. */
private Map kinds() {
    return [
        // Written by tools/generate.py from the schemas, down to the end of the list.
        buildmasterCredentialsId: 'step', centercodeCredentialsId: 'step', v3CredentialsId: 'step',
        journalCredentialsId: 'step', image: 'step', failOnError: 'switch', unstableOnWarning: 'switch',
        buildDescription: 'switch', command: 'text', config: 'text', receipt: 'text', report: 'text', format: 'text',
        verbose: 'text', quiet: 'text', anyVersion: 'text', shard: 'text', failFast: 'text', parallel: 'text',
        toStage: 'list', yes: 'text', comment: 'text', releaseVersion: 'text', releaseTitle: 'text',
        releaseNotesFile: 'text', releaseNotesText: 'text', releaseNotesFrom: 'text', releaseNotesTooLong: 'text',
        releaseNotesHeader: 'text', releaseNotesFooter: 'text', releaseNotesPrereleases: 'text',
        releaseNotesFirst: 'text', releaseNotesExclude: 'list', releaseNotesMax: 'text', releaseIfOlder: 'text',
        releasePrerelease: 'text', steps: 'list', artifacts: 'list', artifactsUrl: 'text', extends: 'list',
        baseDir: 'text', tagPrefix: 'text', allowFolders: 'list', checkLinks: 'text', buildmasterUrl: 'text',
        buildmasterApplication: 'text', buildmasterRelease: 'text', buildmasterPipeline: 'text',
        buildmasterTemplate: 'text', buildmasterBuildId: 'text', buildmasterBuildNumber: 'text',
        buildmasterIfBuildExists: 'text', buildmasterVariables: 'map', buildmasterStages: 'list',
        buildmasterDeployVariables: 'map', buildmasterForce: 'text', buildmasterStartTime: 'text',
        buildmasterRedeploy: 'text', buildmasterWait: 'text', buildmasterTimeout: 'text',
        buildmasterPendingTimeout: 'text', buildmasterWarned: 'text', buildmasterRejected: 'text',
        buildmasterOnFailure: 'text', buildmasterApplicationSlug: 'text', buildmasterAllowHttp: 'text', v3Url: 'text',
        v3KeyEnv: 'text', v3ReleasesUrl: 'text', v3ProductId: 'text', v3Version: 'text', v3Channel: 'text',
        v3Platforms: 'list', v3Private: 'text', v3Attach: 'text', v3UploadForm: 'text', v3State: 'text',
        v3IfExists: 'text', v3When: 'text', v3Required: 'text', v3Title: 'text', v3NotesFile: 'text',
        v3NotesText: 'text', v3NotesFrom: 'text', v3NotesTooLong: 'text', v3NotesHeader: 'text', v3NotesFooter: 'text',
        v3NotesPrereleases: 'text', v3NotesFirst: 'text', v3NotesExclude: 'list', v3NotesMax: 'text',
        v3Artifacts: 'list', centercodeUrl: 'text', centercodeEndpointUrl: 'text', centercodeKeyEnv: 'text',
        centercodeProject: 'text', centercodeReleaseType: 'text', centercodeSubtitle: 'text',
        centercodeStartDate: 'text', centercodeEndDate: 'text', centercodeClickThroughNotice: 'text',
        centercodeBucketFiles: 'list', centercodeLinksOpenInNewWindow: 'text',
        centercodeLinksIncludeInDownloadBlock: 'text', centercodeLinksLogDownloadAttempts: 'text',
        centercodeLinksPages: 'map', centercodeIfExists: 'text', centercodeOnUnknown: 'text', centercodeWhen: 'text',
        centercodeRequired: 'text', centercodeTitle: 'text', centercodeNotesFile: 'text', centercodeNotesText: 'text',
        centercodeNotesFrom: 'text', centercodeNotesTooLong: 'text', centercodeNotesHeader: 'text',
        centercodeNotesFooter: 'text', centercodeNotesPrereleases: 'text', centercodeNotesFirst: 'text',
        centercodeNotesExclude: 'list', centercodeNotesMax: 'text', centercodeArtifacts: 'list', notifyUrl: 'text',
        notifyProject: 'text', notifyCommentListener: 'text', notifyCommentMessage: 'text', notifyCommentAuthor: 'text',
        notifyCommentKeyEnv: 'text', notifyMacroListener: 'text', notifyMacroKeyEnv: 'text', notifyFeedback: 'list',
        notifySearch: 'text', notifyTypes: 'list', notifyWhen: 'text', notifyRequired: 'text', journalStore: 'text',
        journalRemote: 'text', journalRef: 'text', journalLease: 'text', journalUsername: 'text',
        networkConnectTimeout: 'text', networkReadTimeout: 'text', networkRetryFor: 'text', networkCaBundle: 'text',
        networkClientCertificate: 'text',
    ]
}
