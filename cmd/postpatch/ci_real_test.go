//go:build real && unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestCIJenkins has Groovy read the Jenkinsfile, of the version that Jenkins has, and
// plays it.
func TestCIJenkins(t *testing.T) {
	t.Parallel()
	ciTool(t, "groovy", "--version")
	player, err := filepath.Abs("testdata/ci/jenkins.groovy")
	jenkinsfile, fileErr := filepath.Abs(ciFolder + "jenkins/Jenkinsfile")
	if err != nil || fileErr != nil {
		t.Fatal(err, fileErr)
	}
	playCI(t, func(r *ciRun) bool {
		env := map[string]string{
			"BUILD_TAG": "jenkins-patch-4711", "STORE": filepath.Join(r.folder, "store"),
			"JAVA_HOME": os.Getenv("JAVA_HOME"), "JAVA_OPTS": "-XX:TieredStopAtLevel=1", // it starts sooner
			"CREDENTIAL_patch_password":        r.secrets["PATCH_PASSWORD"],
			"CREDENTIAL_patch_evidence_key_id": "x", "CREDENTIAL_patch_evidence_key": "x",
		}
		if r.story.refuse {
			env["LAB_REFUSES"] = "yes"
		}
		_, code := r.sh(r.folder, "bash", strings.Join([]string{"exec groovy", player, jenkinsfile, r.folder}, " "), env)
		if asked, err := os.ReadFile(filepath.Join(r.folder, "asked")); err == nil {
			r.asked = strings.Fields(string(asked))
		}
		r.publish(r.folder, "published/*.xml")
		return code == 0
	})
}

// TestCIAnsible plays the playbook. The collection ansible.windows is one that patches
// the lab; its hosts are reached by nobody else.
func TestCIAnsible(t *testing.T) {
	t.Parallel()
	ciTool(t, "ansible-playbook", "--version")
	collections, err := filepath.Abs("testdata/ci/collections")
	if err != nil {
		t.Fatal(err)
	}
	playCI(t, func(r *ciRun) bool {
		dir := r.checkout()
		for _, file := range []string{"patch.yml", "inventory.yml"} {
			r.copy(ciFolder+"ansible/"+file, filepath.Join(dir, file))
		}
		env := map[string]string{
			"ANSIBLE_COLLECTIONS_PATH": collections, "ANSIBLE_COLLECTIONS_PATHS": collections, "ANSIBLE_NOCOLOR": "1",
			"PYTHONDONTWRITEBYTECODE":   "1",
			"ANSIBLE_LOCALHOST_WARNING": "0", "LAB_PATCH": lookPath(r.t, "lab-patch"), "LC_ALL": "C.UTF-8",
			"POSTPATCH_CREDENTIALS": "patch.credentials.yaml", "PATCH_PASSWORD": r.secrets["PATCH_PASSWORD"],
		}
		play := func(tags string) bool {
			_, code := r.sh(dir, "bash", "exec ansible-playbook -i inventory.yml patch.yml "+tags, env)
			return code == 0
		}
		ok := play("")
		if calls, _ := r.called(); !ok && strings.HasSuffix(calls, "gate pilot 3") {
			// The gate behind the rest waits for the pilot, too: it says so.
			if ok = r.ask("rest"); ok && play("--tags rest") {
				r.t.Error("after the rest, the pilot is forgotten")
			}
		}
		ok = ok && play("--tags late")
		r.publish(dir, "out/*.xml")
		return ok
	})
}

// TestCISyntax has the vendors' own readers and schemas read the pipelines.
func TestCISyntax(t *testing.T) {
	schemas := os.Getenv("POSTPATCH_CHECK_JSONSCHEMA")
	if schemas == "" {
		schemas = "check-jsonschema"
	}
	ciTool(t, schemas, "--version")
	check := func(t *testing.T, dir string, command ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	for vendor, schema := range map[string]string{
		"github": "github-workflows", "gitlab": "gitlab-ci", "azure": "azure-pipelines",
	} {
		t.Run(vendor, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range ciFiles(t, vendor) {
				if vendor == "azure" { // which reads numbers as texts
					text = numbersAsTexts(t, text)
				}
				file = filepath.Join(dir, file)
				write(t, file, text)
				check(t, dir, schemas, "--builtin-schema", "vendor."+schema, file)
			}
		})
	}
	t.Run("actionlint", func(t *testing.T) {
		repo := filepath.Join(t.TempDir(), "repo")
		workflows := filepath.Join(repo, ".github", "workflows")
		if err := os.MkdirAll(workflows, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(repo, ".git"), 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range ciFiles(t, "github") {
			write(t, filepath.Join(workflows, file), text)
		}
		config := filepath.Join(repo, "actionlint.yaml")
		write(t, config, "self-hosted-runner: {labels: [patch]}\n")
		// .ci/run has it already: what fetches it in the middle of a test fails with the network.
		actionlint := []string{"go", "run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"}
		if path := os.Getenv("POSTPATCH_ACTIONLINT"); path != "" {
			actionlint = []string{path}
		}
		check(t, ".", append(actionlint, "-config-file", config,
			filepath.Join(workflows, "patch.yml"), filepath.Join(workflows, "wave.yml"))...)
	})
	t.Run("ansible", func(t *testing.T) { // and the options of the modules that it really has
		ciTool(t, "ansible-playbook", "--version")
		check(t, ciFolder+"ansible", "ansible-playbook", "--syntax-check", "-i", "inventory.yml", "patch.yml")
	})
}

// ciFiles are a vendor's files by their names.
func ciFiles(t *testing.T, vendor string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(ciFolder + vendor)
	if err != nil || len(entries) == 0 {
		t.Fatal(vendor, err)
	}
	texts := map[string]string{}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(ciFolder, vendor, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		texts[entry.Name()] = string(content)
	}
	return texts
}

func numbersAsTexts(t *testing.T, text string) string {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Tag == "!!int" {
			n.Tag, n.Style = "!!str", yaml.DoubleQuotedStyle
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(&document)
	out, err := yaml.Marshal(&document)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// ciTool skips where a program is not to be had or does not work; in CI, that fails.
func ciTool(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("%s: %v\n%s", name, err, out)
	default:
		t.Skipf("%s: %v", name, err)
	}
}
