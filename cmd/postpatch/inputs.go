package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"postpatch/baseline"
	"postpatch/baseline/bucket"
	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/host/winrm"
	"postpatch/probes/host/winrm/auth"
	"postpatch/suites"
)

// inputs are the flags by which capture and verify are told what to do.
type inputs struct {
	plan        string
	credentials string
	connectTo   string
	ca          string
	store       string
	name        string
	waves       []string
	hosts       []string
	only        []string
	owners      []string
	atOnce      int
	pacing      pacing
	sign        string
	trust       string
	resume      bool     // take up the run that was cut off
	scripts     bool     // of the suites' owners may run on the hosts
	here        bool     // ask the machine itself
	self        []string // what the suites call it
	asked       bool     // whether a directory was
	asksNobody  bool     // but a directory, where a suite's hosts are kept in one
	storeFlag   *pflag.Flag
	// extend makes of the suites what is asked; nil leaves them as they are.
	extend func(*suites.Set, *suites.Plan) (*suites.Set, []suites.Problem)
	read   suiteReader // nil reads the suites as they are
}

// suiteReader reads suites, as suites.Load does.
type suiteReader func(files []string) (*suites.Set, []suites.Problem)

// hostsAtOnce is how many hosts are visited at the same time, unless the
// operator says otherwise.
const hostsAtOnce = 50

// standardStore is the folder that keeps the runs, unless the operator names another.
const standardStore = "evidence"

func (in *inputs) flags(cmd *cobra.Command, a app) {
	f := cmd.Flags()
	in.choiceFlags(f)
	in.reachFlags(f, a)
	localFlag(f, &in.here)
	f.StringVar(&in.name, "name", "", "this run's name in the store (default: suite and time)")
	f.StringVar(&in.sign, "sign", "", "private key (OpenSSH, or Ed25519 in PEM) that signs this run")
	f.BoolVar(&in.resume, "resume", false, "take up the run of that --name, or the newest one, where it was cut off")
	f.BoolVar(&in.scripts, "allow-scripts", false, "let the suites' own PowerShell scripts run on the hosts")
	in.pacing.flags(f, &in.atOnce)
	in.pacing.timeFlag(f)
}

// choiceFlags are those that say what is judged, and by what.
func (in *inputs) choiceFlags(f *pflag.FlagSet) {
	f.StringVar(&in.plan, "plan", "", "the patch's plan (*.plan.yaml)")
	f.StringVar(&in.store, "store", standardStore, storeHelp)
	in.storeFlag = f.Lookup("store")
	trustFlag(f, &in.trust)
	f.StringSliceVar(&in.waves, "wave", nil, "only the hosts of these waves of the plan")
	f.StringSliceVar(&in.hosts, "hosts", nil, "only these hosts: names, globs or tag:NAME")
	f.StringSliceVar(&in.only, "only", nil, "only these checks: ids, globs or kinds")
	// An owner is free text, in which a comma may stand.
	f.StringArrayVar(&in.owners, "owner", nil, "only the checks of this owner: a glob, repeatable; - for those of nobody")
}

// reachFlags are those that say how hosts are reached and entered.
func (in *inputs) reachFlags(f *pflag.FlagSet, a app) {
	f.StringVar(&in.credentials, "credentials", a.getenv("POSTPATCH_CREDENTIALS"),
		"file of users and secret sources by host (env POSTPATCH_CREDENTIALS)")
	f.StringVar(&in.connectTo, "connect-to", "",
		"JSON file that leads names and ports elsewhere, as a lab writes it with --addresses")
	f.StringVar(&in.ca, "ca", a.getenv("POSTPATCH_CA"),
		"PEM file of authorities to trust beside the system's (env POSTPATCH_CA)")
}

// job is what the inputs come to.
type job struct {
	set         *suites.Set
	plan        *suites.Plan
	waves       []string // that it is narrowed to; none for all hosts
	part        string   // by what choice its checks are a part of the suites'; "" for all
	whole       int      // how many checks these are without that
	credentials keys     // nil when the operator gave none
	routes      probes.Routes
	roots       *x509.CertPool // nil for the system's
	logins      *auth.Logins   // closed by who carries the run out
	tokens      *entraTokens
	ssh         *sshKeys
	packer      *packed.Packer
	forms       *winrm.Forms
	sign        baseline.Signer // nil leaves the run's manifest unsigned
	here        bool            // the hosts are this machine
	krb5Conf    string          // the file that the environment names; "" for the system's
	// known are the keys of all the suites' checks by host, also of those that
	// --hosts, --only and --owner leave out.
	known  map[string]map[string]bool
	named  map[string]bool // the suites' hosts, see hostNamesOf
	chosen []string        // --hosts
	choice choice
	// ofLists are the checks of suites that keep hosts in lists, before any choice.
	ofLists map[string]*suites.Check
}

// keys are how hosts are entered: the operator's credentials file, or a lab's
// own accounts.
type keys interface {
	For(host, use string) (host.Credential, error)
	WinRM(host string) suites.WinRMSettings
	SQL(host string) suites.SQLSettings
}

func newJob(a app) job {
	return job{
		logins: auth.NewLogins(), tokens: new(entraTokens), packer: new(packed.Packer), forms: new(winrm.Forms),
		ssh:      newSSHKeys(a),
		krb5Conf: krb5ConfOf(a.getenv("KRB5_CONFIG")),
	}
}

// load reads all files before anything is sent, and tells all their problems at
// once.
func (in *inputs) load(ctx context.Context, a app, suiteFiles []string) (job, error) {
	defer tightenCollection(a.getenv)()
	j := newJob(a)
	var problems []suites.Problem
	kinds := all.Kinds()
	if err := in.pacing.check(in.atOnce); err != nil {
		return job{}, err
	}
	if in.plan != "" {
		plan, found := suites.LoadPlan(in.plan, kinds)
		j.plan, problems = plan, append(problems, found...)
		in.keepAsPlanned(plan)
		if plan != nil && len(suiteFiles) == 0 {
			suiteFiles = plan.Suites
		}
	}
	if len(suiteFiles) == 0 && len(problems) == 0 {
		return job{}, fmt.Errorf("which suite? give its file, or a --plan that names suites")
	}
	if len(suiteFiles) > 0 {
		library := a.library()
		library.Ask = in.directory(ctx, a, &j, len(problems) == 0)
		read := library.Load
		if in.read != nil {
			read = in.read
		}
		set, found := read(suiteFiles)
		if ctx.Err() != nil {
			return job{}, ctx.Err()
		}
		j.set, problems = set, append(problems, found...)
	}
	if in.extend != nil && len(problems) == 0 {
		j.set, problems = in.extend(j.set, j.plan)
	}
	if !in.asksNobody {
		problems = append(problems, in.enter(ctx, a, &j)...)
	}
	problems = append(problems, in.scriptsIn(j.set)...)
	if len(problems) > 0 {
		return job{}, tellProblems(a, problems)
	}
	if err := in.reach(&j); err != nil {
		return job{}, err
	}
	j.known, j.named = keysOf(j.set), hostNamesOf(j.set)
	j.chosen, j.choice = in.hosts, choice{in.only, in.owners}
	j.ofLists = checksOfLists(j.set)
	if err := in.narrow(&j); err != nil {
		return job{}, err
	}
	j.logins.Expect(len(j.set.Hosts))
	return j, nil
}

// keysOf lists the keys of each host's checks. Hosts that have the same share one list.
func keysOf(set *suites.Set) map[string]map[string]bool {
	known := make(map[string]map[string]bool, len(set.Hosts))
	lists := map[string]map[string]bool{} // by all of their keys
	var all []byte
	for _, h := range set.Hosts {
		if len(h.Checks) == 0 {
			continue
		}
		all = all[:0]
		for _, c := range h.Checks {
			all = fmt.Appendf(all, "%q/%q ", c.Suite, c.ID)
		}
		keys := lists[string(all)]
		if keys == nil {
			keys = make(map[string]bool, len(h.Checks))
			for _, c := range h.Checks {
				keys[c.Key()] = true
			}
			lists[string(all)] = keys
		}
		known[h.Name] = keys
	}
	return known
}

// scriptsIn names the checks that run what a suite brings along, unless the
// operator has allowed it: a suite may come from somebody else.
func (in *inputs) scriptsIn(set *suites.Set) []suites.Problem {
	var problems []suites.Problem
	if in.scripts || set == nil {
		return nil
	}
	told := map[string]bool{}
	for _, h := range set.Hosts {
		for _, c := range h.Checks {
			place := fmt.Sprintf("%s:%d", c.File, c.Line)
			if !c.Kind.RunsCode || told[place] {
				continue
			}
			told[place] = true
			problems = append(problems, suites.Problem{
				File: c.File, Line: c.Line, Column: 1, Msg: c.ID + ": it runs a script of the suite on the hosts",
				Hint: "read the script, and allow it with --allow-scripts",
			})
		}
	}
	return problems
}

// enter reads the credentials, where there are some.
func (in *inputs) enter(ctx context.Context, a app, j *job) []suites.Problem {
	if in.credentials == "" || j.credentials != nil {
		return nil
	}
	trust := func(info fs.FileInfo) error { return ownersToChange(in.credentials, info) }
	credentials, problems := suites.LoadCredentials(in.credentials, trust, secretSource(ctx, a))
	if credentials != nil {
		j.credentials = credentials
	}
	return problems
}

// reach reads how hosts are found, and whom to trust.
func (in *inputs) reach(j *job) error {
	var err error
	if j.routes, err = readRoutes(in.connectTo); err != nil {
		return err
	}
	j.roots, err = readRoots(in.ca)
	return err
}

// prepare loads everything, and makes sure that a run could come to something.
func (in *inputs) prepare(ctx context.Context, a app, suiteFiles []string) (job, *baseline.Store, error) {
	j, err := in.load(ctx, a, suiteFiles)
	if err != nil {
		return job{}, nil, err
	}
	if err := enterable(j); err != nil {
		return job{}, nil, err
	}
	if j.sign, err = signer(in.sign, a.getenv("POSTPATCH_SIGN_PASSPHRASE")); err != nil {
		return job{}, nil, err
	}
	store, err := openStore(in.store, in.trust)
	return j, store, err
}

const storeHelp = "what keeps the runs: a folder, s3://NAME or azblob://NAME; see postpatch explain store"

// openStore finds a store by its name; who opens it closes it. The file of keys, where
// one is given, says whose signatures count.
func openStore(name, trust string) (*baseline.Store, error) {
	place, err := bucket.At(name)
	if err != nil {
		return nil, err
	}
	store := baseline.Open(place)
	return store, trusting(store, trust)
}

// readRoots adds the operator's own authorities to the system's.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := readText(file)
	if err != nil {
		return nil, fmt.Errorf("reading --ca: %w", err)
	}
	return withRoots(pem, file)
}

func withRoots(pem []byte, source string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading --ca %q: it holds no PEM certificate", source)
	}
	return roots, nil
}

func readRoutes(file string) (probes.Routes, error) {
	if file == "" {
		return nil, nil
	}
	content, err := readText(file)
	if err != nil {
		return nil, fmt.Errorf("reading --connect-to: %w", err)
	}
	var document struct {
		Routes probes.Routes `json:"routes"`
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("reading --connect-to %q: %w", file, err)
	}
	if len(document.Routes) == 0 {
		return nil, fmt.Errorf("reading --connect-to %q: it has no routes", file)
	}
	return document.Routes, nil
}

// narrow leaves the hosts and checks that --wave, --hosts, --only and --owner choose. A choice
// that chooses nothing is a mistake, not an empty run that passes.
func (in *inputs) narrow(j *job) error {
	for _, pattern := range slices.Concat(in.hosts, in.only) {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	among, err := narrowToPlan(j)
	if err != nil {
		return err
	}
	if err := in.ofWaves(j); err != nil {
		return err
	}
	for _, pattern := range in.hosts {
		one := []string{pattern}
		if !slices.ContainsFunc(j.set.Hosts, func(h suites.Host) bool { return chosen(one, h) }) {
			return fmt.Errorf("--hosts %s: no host of %s is called so", pattern, in.whose(among))
		}
	}
	if len(in.hosts) > 0 {
		j.set.Hosts = slices.DeleteFunc(j.set.Hosts, func(h suites.Host) bool { return !chosen(in.hosts, h) })
	}
	if err := in.narrowToHere(j, in.whose(among)); err != nil {
		return err
	}
	return in.narrowChecks(j)
}

func chosen(patterns []string, h suites.Host) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if tag, isTag := strings.CutPrefix(pattern, "tag:"); isTag {
			return slices.Contains(h.Tags, tag)
		}
		match, _ := path.Match(strings.ToLower(pattern), strings.ToLower(h.Name))
		return match
	})
}
