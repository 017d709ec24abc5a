package intercept

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

func setup(t *testing.T, given map[string]string) Setup {
	t.Helper()
	return Setup{
		Dir: filepath.Join(t.TempDir(), "a directory"), Proxy: "127.0.0.1:4005", Authority: newAuthority(t, time.Now()),
		Given: func(name string) (string, bool) { v, found := given[name]; return v, found },
	}
}

func TestWhatWasDirectStaysDirectUnlessItIsZendesk(t *testing.T) {
	const always = "localhost,127.0.0.1,::1,.localhost"
	for given, want := range map[string]string{
		"":                                   always,
		"intranet.example, 10.0.0.0/8":       always + ",intranet.example,10.0.0.0/8",
		"*":                                  always,
		"zendesk.com":                        always,
		"*.zendesk.com,.zendesk.com:443":     always,
		"acme.zendesk.com,com,.com,*.com":    always,
		"notzendesk.com,localhost,127.0.0.1": always + ",notzendesk.com",
	} {
		s := setup(t, map[string]string{"NO_PROXY": given})
		if got := s.direct(); got != want {
			t.Errorf("%q: direct are %q, want %q", given, got, want)
		}
		s.Offline = true
		if got := s.direct(); got != always {
			t.Errorf("%q, offline: direct are %q", given, got)
		}
	}
}

func TestProgramsTrustWhatTheyTrustedBefore(t *testing.T) {
	theirs := filepath.Join(t.TempDir(), "theirs.pem")
	other := newAuthority(t, time.Now())
	write(t, theirs, bytes.TrimSpace(other.PEM())) // without the last newline, as some are
	s := setup(t, map[string]string{
		"SSL_CERT_FILE": theirs, "NODE_EXTRA_CA_CERTS": theirs, "NODE_OPTIONS": "--max-old-space-size=99",
		"JAVA_TOOL_OPTIONS": "-Xmx99m", "PHP_INI_SCAN_DIR": "/their/dir",
	})
	vars, err := s.Environment()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"} {
		got := certificates(read(t, vars[name]))
		if len(got) != 2 || !got[0].Equal(other.cert) || !got[1].Equal(s.Authority.cert) {
			t.Errorf("%s: %d certificates", name, len(got))
		}
	}
	store, err := pkcs12.DecodeTrustStore(read(t, filepath.Join(s.Dir, "trust.p12")), pkcs12.DefaultPassword)
	if err != nil || len(store) != 2 || !store[1].Equal(s.Authority.cert) {
		t.Errorf("Java's store: %d certificates, %v", len(store), err)
	}
	for name, begins := range map[string]string{
		"NODE_OPTIONS": "--max-old-space-size=99 --require ", "JAVA_TOOL_OPTIONS": "-Xmx99m -D",
		"PHP_INI_SCAN_DIR": "/their/dir" + string(os.PathListSeparator),
	} {
		if !strings.HasPrefix(vars[name], begins) {
			t.Errorf("%s is %q, want what was given first", name, vars[name])
		}
	}
	if script := read(t, filepath.Join(s.Dir, "preload.cjs")); !bytes.Contains(script, []byte("'http://127.0.0.1:4005'")) {
		t.Error("the preload does not know the proxy")
	}
}

func TestRootsThatAreNotThereAreSaid(t *testing.T) {
	s := setup(t, map[string]string{"CURL_CA_BUNDLE": "/no/such/file.pem"})
	if _, err := s.Environment(); err == nil || !strings.Contains(err.Error(), "CURL_CA_BUNDLE") {
		t.Errorf("got %v", err)
	}
}

func TestMerge(t *testing.T) {
	got := Merge([]string{"A=1", "B=2", "=C:=x", "AB=3"}, map[string]string{"B": "4", "a": "5"})
	if want := []string{"A=1", "=C:=x", "AB=3", "B=4", "a=5"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
