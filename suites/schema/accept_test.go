package schema_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"postpatch/examples"
	"postpatch/probes/all"
	"postpatch/suites"
)

// corpus are all YAML files of the repository, those in stories too, by their places.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".yaml", ".yml":
			files[path], err = os.ReadFile(path)
		case ".txtar":
			archive, err := txtar.ParseFile(path)
			if err != nil {
				return err
			}
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".yaml") {
					files[path+"/"+f.Name] = f.Data
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// accepts says whether the loader takes a file.
func accepts(t testing.TB, file, path string, text []byte) bool {
	t.Helper()
	kinds := all.Kinds()
	switch file {
	case "plan":
		_, problems := suites.LoadPlanBytes(path, text, kinds)
		// That a suite is not there is nothing that a schema could know.
		return !slices.ContainsFunc(problems, func(p suites.Problem) bool {
			return !strings.HasPrefix(p.Msg, "suites: no file matches")
		})
	case "credentials":
		path := filepath.Join(t.TempDir(), "credentials.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, problems := suites.LoadCredentials(path, nil, nil)
		return len(problems) == 0
	case "channels":
		path := filepath.Join(t.TempDir(), "channels.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, problems := suites.LoadChannels(path, nil, nil)
		return len(problems) == 0
	default:
		// What a pack alone says of nobody's hosts is looked at less closely.
		lib := suites.Library{Kinds: kinds, Built: packs(t), Lone: file == "pack"}
		_, problems := lib.LoadBytes(path, text)
		return len(problems) == 0
	}
}

// packs are those that the program brings along.
func packs(t testing.TB) fs.FS {
	t.Helper()
	built, err := fs.Sub(examples.Packs, "packs")
	if err != nil {
		t.Fatal(err)
	}
	return built
}

func TestWhatTheLoaderAcceptsIsAccepted(t *testing.T) {
	files := corpus(t)
	for file, least := range map[string]int{"suite": 60, "pack": 70, "plan": 30, "credentials": 10, "channels": 2} {
		t.Run(file, func(t *testing.T) {
			of := file
			if of == "pack" {
				of = "suite"
			}
			s, accepted := compiled(t, of, all.Kinds()), 0
			for path, text := range files {
				if !accepts(t, file, path, text) {
					continue
				}
				accepted++
				if why := refused(s, text); why != "" {
					t.Errorf("%s: %s", path, why)
				}
			}
			t.Log(accepted)
			if accepted < least {
				t.Errorf("only %d", accepted)
			}
		})
	}
}
