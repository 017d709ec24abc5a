package intercept

import (
	_ "embed"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

//go:embed preload.cjs
var preload string

// Setup is what a program's environment is made of.
type Setup struct {
	// Dir is where the files go that the variables name; whoever made it removes it
	// after the program. Nothing in it is secret: keys stay in memory.
	Dir string
	// Proxy is the address of the Proxy, host:port on loopback.
	Proxy     string
	Authority *Authority
	// Given looks up what the program would have had.
	Given func(name string) (string, bool)
	// Offline drops the hosts that the given NO_PROXY leaves direct.
	Offline bool
}

// Environment writes what the runtimes read and returns the variables that differ from
// what was given. Each runtime has its own idea of how to name a proxy and what to trust.
func (s Setup) Environment() (map[string]string, error) {
	vars := s.proxies()
	for _, add := range []func(map[string]string) error{s.openssl, s.node, s.php, s.java} {
		if err := add(vars); err != nil {
			return nil, err
		}
	}
	return vars, nil
}

// Merge puts variables over an environment in the form of os.Environ, sorted behind it.
func Merge(environ []string, vars map[string]string) []string {
	merged := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		_, ours := vars[name]
		return ours
	})
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		merged = append(merged, name+"="+vars[name])
	}
	return merged
}

// proxies are read by curl, Python, Ruby, Go and most others; some know the variables in
// lower case only (curl's http_proxy), some in upper case only.
func (s Setup) proxies() map[string]string {
	url := "http://" + s.Proxy
	direct := s.direct()
	return map[string]string{
		"HTTP_PROXY": url, "http_proxy": url, "HTTPS_PROXY": url, "https_proxy": url, "ALL_PROXY": url, "all_proxy": url,
		"NO_PROXY": direct, "no_proxy": direct,
	}
}

// direct is loopback, and what was direct before unless Zendesk is among it.
func (s Setup) direct() string {
	hosts := []string{"localhost", "127.0.0.1", "::1", ".localhost"}
	if s.Offline {
		return strings.Join(hosts, ",")
	}
	for _, host := range strings.Split(s.given("NO_PROXY", "no_proxy"), ",") {
		host = strings.TrimSpace(host)
		suffix := strings.TrimPrefix(strings.TrimPrefix(hostname(host), "*"), ".")
		if suffix == "" || Zendesk(suffix) || strings.HasSuffix("."+domain, "."+suffix) || slices.Contains(hosts, host) {
			continue
		}
		hosts = append(hosts, host)
	}
	return strings.Join(hosts, ",")
}

// openssl makes those trust us that take a file of roots in place of the system's.
func (s Setup) openssl(vars map[string]string) error {
	for i, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} {
		bundle, err := joined(s.trusted(name), s.Authority)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if vars[name], err = s.write(fmt.Sprintf("roots-%d.pem", i+1), bundle); err != nil {
			return err
		}
	}
	return nil
}

// trusted is the file of roots that a program would read by a variable.
func (s Setup) trusted(name string) string {
	if path := s.given(name, "SSL_CERT_FILE"); path != "" {
		return path
	}
	return systemBundle()
}

// node adds to the roots that Node brings along.
func (s Setup) node(vars map[string]string) error {
	bundle, err := joined(s.given("NODE_EXTRA_CA_CERTS"), s.Authority)
	if err != nil {
		return fmt.Errorf("NODE_EXTRA_CA_CERTS: %w", err)
	}
	if vars["NODE_EXTRA_CA_CERTS"], err = s.write("node-roots.pem", bundle); err != nil {
		return err
	}
	script, err := s.write("preload.cjs", []byte(strings.ReplaceAll(preload, "__PROXY__", "http://"+s.Proxy)))
	if err != nil {
		return err
	}
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(script) + `"`
	vars["NODE_OPTIONS"] = strings.TrimSpace(s.given("NODE_OPTIONS") + " --require " + quoted)
	return nil
}

// php gets a file of settings read after its own: an empty entry in the list of
// directories stands for those that are compiled in. Its ext-curl reads proxy variables;
// its own streams (file_get_contents) read none, and no setting can tell them.
func (s Setup) php(vars map[string]string) error {
	roots := vars["SSL_CERT_FILE"]
	path, err := s.write(filepath.Join("php", "deskauth.ini"), fmt.Appendf(nil, "openssl.cafile=%q\ncurl.cainfo=%q\n", roots, roots))
	if err != nil {
		return err
	}
	vars["PHP_INI_SCAN_DIR"] = s.given("PHP_INI_SCAN_DIR") + string(os.PathListSeparator) + filepath.Dir(path)
	return nil
}

// java reads properties, and a trust store in place of its own.
func (s Setup) java(vars map[string]string) error {
	bundle, err := joined(s.trusted("SSL_CERT_FILE"), s.Authority)
	if err != nil {
		return err
	}
	// The password protects nothing: the certificates are public. Java wants one.
	store, err := pkcs12.Modern2023.EncodeTrustStore(certificates(bundle), pkcs12.DefaultPassword)
	if err != nil {
		return fmt.Errorf("a trust store for Java: %w", err)
	}
	path, err := s.write("trust.p12", store)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.Proxy)
	if err != nil {
		return fmt.Errorf("address of the proxy: %w", err)
	}
	// An option ends at a blank unless it is quoted.
	vars["JAVA_TOOL_OPTIONS"] = strings.TrimSpace(strings.Join([]string{
		s.given("JAVA_TOOL_OPTIONS"),
		"-Dhttp.proxyHost=" + host, "-Dhttp.proxyPort=" + port, "-Dhttps.proxyHost=" + host, "-Dhttps.proxyPort=" + port,
		"-Dhttp.nonProxyHosts=localhost|*.localhost|127.*|[::1]",
		`"-Djavax.net.ssl.trustStore=` + path + `"`, "-Djavax.net.ssl.trustStoreType=PKCS12",
		"-Djavax.net.ssl.trustStorePassword=" + pkcs12.DefaultPassword,
	}, " "))
	return nil
}

// given is the first of the variables that is set to something.
func (s Setup) given(names ...string) string {
	for _, name := range names {
		if value, found := s.Given(name); found && value != "" {
			return value
		}
	}
	return ""
}

func (s Setup) write(name string, content []byte) (string, error) {
	path := filepath.Join(s.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	return path, os.WriteFile(path, content, 0o600)
}
