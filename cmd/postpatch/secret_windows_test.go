package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	winapi "golang.org/x/sys/windows"
)

// What icacls would do is done by the system's own call, and then read.
func TestFilesOfWindows(t *testing.T) {
	user, err := winapi.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	us := user.User.Sid.String()
	path := filepath.Join(t.TempDir(), "it is mine.txt")
	if err := os.WriteFile(path, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string][2]string{ // SDDL: why it may not be read, and not be changed
		"D:P(A;;FA;;;" + us + ")(A;;FA;;;SY)(A;;FA;;;BA)": {},
		"D:P(A;;FA;;;" + us + ")(A;;FR;;;WD)":             {"can read or change it: icacls \"" + path + `" /inheritance:r /remove:g *S-1-1-0 /grant:r`},
		"D:P(A;;FA;;;" + us + ")(A;;FA;;;WD)":             {"can read or change it: icacls", "can change it: icacls"},
	} {
		descriptor, err := winapi.SecurityDescriptorFromString(list)
		if err != nil {
			t.Fatal(err)
		}
		entries, _, err := descriptor.DACL()
		if err != nil {
			t.Fatal(err)
		}
		const what = winapi.DACL_SECURITY_INFORMATION | winapi.PROTECTED_DACL_SECURITY_INFORMATION
		if err := winapi.SetNamedSecurityInfo(path, winapi.SE_FILE_OBJECT, what, nil, nil, entries, nil); err != nil {
			t.Fatal(err)
		}
		// Wine keeps a list as a mode of Linux', and here everybody in it.
		onWine := winapi.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
		if onWine && want == [2]string{} {
			continue
		}
		for i, got := range []error{ownersOnly(path, nil), ownersToChange(path, nil)} {
			if text := plain(got); (text == "") != (want[i] == "") || !strings.Contains(text, want[i]) {
				t.Errorf("%s: got %q, want %q", list, text, want[i])
			}
		}
	}
	if err := ownersOnly(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a file that is not there is nobody's")
	}
}
