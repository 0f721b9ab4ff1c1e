// Plays a declarative Jenkinsfile as far as examples/ci/jenkins needs it: what has an agent
// gets a checkout, sh is sh -xe, and the first error ends the stages.
//
//   groovy jenkins.groovy JENKINSFILE FOLDER

import org.codehaus.groovy.control.CompilerConfiguration

class Stopped extends RuntimeException { Stopped(String why) { super(why) } }

abstract class Jenkins extends Script {
  static File folder
  static Map<String, String> common = [:], own = [:]
  static File workspace
  static int jobs = 0

  // The blocks of a section, by name; those in the list are kept for later.
  static Map blocks(Closure section) {
    def found = new Blocks()
    section.delegate = found
    section.resolveStrategy = Closure.DELEGATE_FIRST
    section()
    found.of
  }

  void pipeline(Closure body) {
    def top = blocks(body)
    common.putAll(variables(top.environment))
    if (System.getenv('STORE')) { common.STORE = System.getenv('STORE') }
    blocks(top.stages[0]).stage.each { stage(it[0], blocks(it[1])) }
  }

  void stage(String name, Map of) {
    if (of.when && !blocks(of.when[0]).expression[0]()) { return }
    println "== ${name}"
    own = variables(of.environment)
    workspace = null
    if (of.agent) {
      workspace = new File(folder, "job${++jobs}")
      assert ['cp', '-R', "${folder}/repo", workspace.path].execute().waitFor() == 0
    }
    try {
      of.steps[0]()
    } finally {
      if (of.post) { blocks(of.post[0]).always[0]() }
    }
  }

  // credentials() gives a secret from the environment.
  static Map variables(List sections) {
    def values = new Variables()
    sections?.each { it.delegate = values; it.resolveStrategy = Closure.DELEGATE_FIRST; it() }
    values.of
  }

  def sh(Map options) {
    assert workspace: 'a stage without an agent has no sh'
    def file = new File(folder, 'script.sh')
    file.text = options.script
    def process = new ProcessBuilder('sh', '-xe', file.path).directory(workspace).redirectErrorStream(true)
    process.environment().putAll(common + own)
    def running = process.start()
    println running.text
    int code = running.waitFor()
    if (options.returnStatus) { return code }
    if (code != 0) { throw new Stopped("script returned exit code ${code}") }
  }

  def sh(String script) { sh(script: script) }
  def script(Closure body) { body() }
  def sleep(Map time) {}
  def error(String why) { throw new Stopped(why) }

  def input(String question) {
    new File(folder, 'asked') << 'rest\n'
    if (System.getenv('LAB_REFUSES')) { throw new Stopped('refused') }
  }

  def junit(Map options) {
    def published = new File(folder, 'published')
    published.mkdir()
    assert options.testResults == 'out/*.xml' && options.skipMarkingBuildUnstable
    new File(workspace, 'out').listFiles()?.findAll { it.name.endsWith('.xml') }?.each {
      new File(published, it.name).bytes = it.bytes
    }
  }
}

class Blocks {
  Map of = [:].withDefault { [] }
  def none = 'none'

  def methodMissing(String name, args) {
    if (name == 'agent' && args[0] == 'none') { return }
    of[name] << (args.length == 2 ? [args[0], args[1]] : args[0])
  }
}

class Variables {
  Map of = [:]

  def credentials(String id) {
    def value = System.getenv('CREDENTIAL_' + id.replace('-', '_'))
    assert value: "there are no credentials ${id}"
    value
  }
  void setProperty(String name, value) { if (name == 'of') { this.@of = value } else { of[name] = value as String } }
}

Jenkins.folder = new File(args[1])
def config = new CompilerConfiguration(scriptBaseClass: Jenkins.name)
try {
  new GroovyShell(this.class.classLoader, new Binding(), config).evaluate(new File(args[0]))
} catch (Stopped stopped) {
  println "== stopped: ${stopped.message}"
  System.exit(1)
}
