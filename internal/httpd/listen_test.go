package httpd

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestListenSaysWhatToDo(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := l.Addr().String()

	_, err = Listen(addr)
	want := addr + " is already in use: stop the other program or choose another address"
	if err == nil || err.Error() != want {
		t.Errorf("port in use: %v, want %s", err, want)
	}
	for _, addr := range []string{"nonsense", "127.0.0.1:99999", "127.0.0.1:http:8", "192.0.2.1:0"} {
		l, err := Listen(addr)
		if err == nil {
			l.Close()
			t.Errorf("%s: listens", addr)
			continue
		}
		msg := err.Error()
		if !strings.HasPrefix(msg, "cannot listen on \""+addr+"\": ") || strings.Contains(msg, "\n") {
			t.Errorf("%s: %s", addr, msg)
		}
	}
}

// certificate writes a self-signed pair for 127.0.0.1.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, cert, "CERTIFICATE", der)
	writePEM(t, key, "PRIVATE KEY", keyDER)
	return cert, key
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLoadTLSServes(t *testing.T) {
	cert, key := certificate(t)
	config, err := LoadTLS(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Server{
			Name: "test", Listener: l, TLS: config, Log: quiet(),
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, Scheme(r)) }),
		})
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	}()

	pool := x509.NewCertPool()
	certPEM, err := os.ReadFile(cert)
	if err != nil || !pool.AppendCertsFromPEM(certPEM) {
		t.Fatal("no certificate", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	if got := body(t, client, "https://"+l.Addr().String()); got != "https" {
		t.Errorf("scheme %q", got)
	}

	_, err = tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11})
	if err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

func TestLoadTLSRefuses(t *testing.T) {
	cert, key := certificate(t)
	_, otherKey := certificate(t)
	missing := filepath.Join(t.TempDir(), "none.pem")
	for _, tt := range []struct{ name, cert, key, words string }{
		{"no key", cert, "", "go together"},
		{"no certificate", "", key, "go together"},
		{"another key", cert, otherKey, "does not match"},
		{"swapped", key, cert, "TLS certificate " + key},
		{"missing certificate", missing, key, "TLS certificate " + missing + ": no such file"},
		{"missing key", cert, missing, "TLS key " + missing + ": no such file"},
	} {
		_, err := LoadTLS(tt.cert, tt.key)
		if err == nil || !strings.Contains(err.Error(), tt.words) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", tt.name, err, tt.words)
		}
	}
	if config, err := LoadTLS("", ""); config != nil || err != nil {
		t.Errorf("neither: %v, %v", config, err)
	}
}
