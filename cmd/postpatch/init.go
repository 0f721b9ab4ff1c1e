package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postpatch/probes/all"
	"postpatch/suites"
	"postpatch/suites/draft"
	"postpatch/suites/layout"
	"postpatch/suites/schema"
)

// initJob is what init is told.
type initJob struct {
	inputs
	app           app
	made          string // the credentials file that was written
	suite, owner  string
	out           string
	user, envName string
	acceptFailing bool
	force         bool
	ci            string
}

func newInit(a app) *cobra.Command {
	var c initJob
	cmd := &cobra.Command{
		Use:   "init HOST…",
		Short: "Write a first suite, from what hosts are like now",
		Long: "Looks at live hosts, recognises their roles, and writes a suite with the packs that fit, their own\n" +
			"services, certificates, ports and pages, and comments that say why. The suite is tried at once: what is\n" +
			"broken today is not frozen into it, and nothing is written (exit code 1), unless --accept-failing takes it\n" +
			"with a waiver for 30 days. --ci writes the pipeline instead, or beside it.",
		Example: "  postpatch init web01.example.org --user 'CORP\\probe' --password-env PATCH_PASSWORD\n" +
			"  postpatch init dc01 dc02 --credentials patch.credentials.yaml -o dc.suite.yaml\n" +
			"  postpatch init --ci github",
		RunE: func(cmd *cobra.Command, hosts []string) error { return initialize(cmd.Context(), a, c, hosts) },
	}
	f := cmd.Flags()
	c.reachFlags(f, a)
	localFlag(f, &c.here)
	f.IntVar(&c.atOnce, "concurrency", hostsAtOnce, "hosts visited at the same time")
	f.StringVarP(&c.out, "output", "o", "", "the suite's file (default: SUITE.suite.yaml)")
	f.StringVar(&c.suite, "suite", "", "the suite's name (default: the first host's)")
	f.StringVar(&c.owner, "owner", "", "who is asked when a check fails")
	f.StringVar(&c.user, "user", "", `account for the hosts; writes a credentials file where --credentials names none`)
	f.StringVar(&c.envName, "password-env", "", "environment variable with its password")
	f.BoolVar(&c.acceptFailing, "accept-failing", false, "write the suite although something is broken now, with waivers")
	f.BoolVar(&c.force, "force", false, "write over files that are there")
	f.StringVar(&c.ci, "ci", "", "write the pipeline: "+strings.Join(pipelines(), ", "))
	return cmd
}

func initialize(ctx context.Context, a app, c initJob, hosts []string) error {
	c.app = a
	if c.here {
		var err error
		if hosts, err = thisHost(hosts); err != nil {
			return err
		}
	}
	if len(hosts) == 0 && c.ci == "" {
		return errors.New("which host? name one, or --ci for a pipeline alone")
	}
	if c.ci != "" { // before a host is asked
		if _, err := c.pipelineTargets(); err != nil {
			return err
		}
	}
	if len(hosts) > 0 {
		err := c.write(ctx, a, hosts)
		if err != nil && c.made != "" {
			_ = os.Remove(c.made) // so that nothing was written, and nothing is in the way of another try
		}
		if err != nil {
			return err
		}
	}
	if c.ci != "" {
		return c.writePipeline(a)
	}
	return nil
}

// write looks at the hosts and writes their suite.
func (c *initJob) write(ctx context.Context, a app, hosts []string) error {
	d := draft.Draft{
		Suite: c.suite, Owner: c.owner, On: time.Now().UTC().Format(time.DateOnly), Left: map[string]string{},
		Packs: map[string][]string{},
	}
	if d.Suite == "" {
		d.Suite = suiteName(hosts[0])
	}
	if c.out == "" {
		c.out = d.Suite + ".suite.yaml"
	}
	if err := c.ready(hosts); err != nil {
		return err
	}
	j, err := c.jobOf(ctx, a)
	if err != nil {
		return err
	}
	packs, err := suites.Packs(a.library().Built)
	if err != nil {
		return err
	}
	for _, p := range packs {
		d.Packs[p.Name] = nil
		for _, v := range p.Vars {
			if v.Required {
				d.Packs[p.Name] = append(d.Packs[p.Name], v.Name)
			}
		}
	}
	if d.Seen, err = c.lookAt(ctx, a, j, hosts); err != nil {
		return err
	}
	d, trial, err := c.tried(ctx, a, j, d)
	if err != nil {
		return err
	}
	if err := c.writeSuite(d); err != nil {
		return err
	}
	if c.made != "" {
		a.tell("wrote %s: who enters the hosts\n", c.made)
	}
	c.told(a, d, trial)
	return nil
}

// ready makes sure that what comes of it can be written, and writes the credentials.
func (c *initJob) ready(hosts []string) error {
	for i, h := range hosts {
		if strings.TrimSpace(h) == "" || slices.Contains(hosts[:i], h) {
			return fmt.Errorf("hosts: %q is no name, or there twice", h)
		}
	}
	credentials, err := c.credentialsText(hosts)
	if err != nil {
		return err
	}
	if err := c.mayWrite(c.out, "-o names another file, "); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.out), 0o755); err != nil {
		return err
	}
	if err := c.maySchema(); err != nil {
		return err
	}
	if known, err := os.ReadFile(c.credentials); err == nil && string(known) == credentials {
		credentials = "" // of a try before
	}
	if credentials != "" {
		if err := c.mayWrite(c.credentials, "--credentials "+c.credentials+" uses it, "); err != nil {
			return err
		}
		if err := writeNew(c.credentials, credentials, 0o600); err != nil {
			return err
		}
		c.made = c.credentials
	}
	return nil
}

// writeSuite writes the suite, and beside it the schema by which editors know it.
func (c *initJob) writeSuite(d draft.Draft) error {
	kinds := all.Kinds()
	rules, err := schema.Of("suite", kinds)
	if err != nil {
		return err
	}
	name := schema.Name("suite")
	d.Head = strings.Split(strings.TrimSpace(schema.Modelines(name)), "\n")
	text := d.Text()
	if laid, err := layout.Format([]byte(text)); err == nil {
		text = string(laid)
	}
	if _, problems := c.app.library().LoadBytes(c.out, []byte(text)); len(problems) > 0 {
		return fmt.Errorf("what would be written has a mistake, which is postpatch's own: %w", problems[0])
	}
	if err := writeNew(filepath.Join(filepath.Dir(c.out), name), string(rules), 0o644); err != nil {
		return err
	}
	return writeNew(c.out, text, 0o644)
}

// suiteName is a suite's name for a host.
func suiteName(host string) string {
	name, _, _ := strings.Cut(strings.ToLower(host), ".")
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '-'
	}, name)
}

// defaultCredentials is the file that init writes where none is named.
const defaultCredentials = "patch.credentials.yaml"

// credentialsText is a credentials file for the hosts, where one is to be written.
func (c *initJob) credentialsText(hosts []string) (string, error) {
	switch {
	case c.here && c.user == "" && c.envName == "":
		return "", nil
	case c.user == "" && c.envName == "":
		if c.credentials == "" {
			return "", fmt.Errorf("whose account? --credentials FILE names one, or --user and --password-env write %s",
				defaultCredentials)
		}
		return "", nil
	case c.user == "" || c.envName == "":
		return "", errors.New("--user and --password-env belong together")
	case !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(c.envName):
		return "", fmt.Errorf("--password-env %q: want the name of an environment variable", c.envName)
	case c.credentials != "":
		return "", errors.New("--credentials says whose account: leave out --user and --password-env")
	}
	c.credentials = defaultCredentials
	var b strings.Builder
	b.WriteString("# Who enters which host (postpatch explain credentials). No password stands here.\ncredentials:\n")
	fmt.Fprintf(&b, "  - hosts: [%s]\n    user: '%s'\n    password: {env: %s}\n", quoted(hosts),
		strings.ReplaceAll(c.user, "'", "''"), c.envName)
	return b.String(), nil
}

func quoted(all []string) string {
	var quoted []string
	for _, s := range all {
		quoted = append(quoted, "'"+strings.ReplaceAll(s, "'", "''")+"'")
	}
	return strings.Join(quoted, ", ")
}

// maySchema makes sure that what is there under the schema's name is a schema of ours.
func (c *initJob) maySchema() error {
	file := filepath.Join(filepath.Dir(c.out), schema.Name("suite"))
	if text, err := os.ReadFile(file); err == nil && !strings.Contains(string(text), "urn:postpatch:schema:") && !c.force {
		return fmt.Errorf("%s is there, and is not postpatch's: --force writes over it", file)
	}
	return nil
}

// mayWrite makes sure that no file is lost; out is how to go round one that is there.
func (c *initJob) mayWrite(file, out string) error {
	if _, err := os.Lstat(file); err == nil && !c.force {
		return fmt.Errorf("%s is there already: %s--force writes over it", file, out)
	}
	return nil
}

// writeNew writes a whole file, and its folders.
func writeNew(file, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".init-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = replaceBy(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}
