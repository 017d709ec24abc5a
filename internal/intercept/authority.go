package intercept

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"time"
)

// Life is how long an authority counts: a key that can speak for zendesk.com to a
// browser should not outlast the week it was made for.
const Life = 7 * 24 * time.Hour

// skew lets a clock be late, as those of virtual machines that slept are.
const skew = time.Hour

// leavesMost bounds the leaves that are kept; one is made anew in a tenth of a
// millisecond.
const leavesMost = 1024

// Authority signs certificates for names below zendesk.com, and can sign for no others:
// its own certificate says so, critically (RFC 5280 section 4.2.1.10). It is safe for
// use by several goroutines.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	rand io.Reader

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// NewAuthority makes an authority with a key of its own, which stays in memory.
func NewAuthority(rand io.Reader, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand)
	if err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	serial, err := newSerial(rand)
	if err != nil {
		return nil, err
	}
	template := constrained(&x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"deskauth"}, CommonName: "deskauth local Zendesk"},
		NotBefore:    now.Add(-skew), NotAfter: now.Add(Life),
		KeyUsage: x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	})
	der, err := x509.CreateCertificate(rand, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make the authority's certificate: %w", err)
	}
	return &Authority{cert: cert, key: key, rand: rand}, nil
}

// constrained confines an authority to DNS names below zendesk.com. A kind of name that
// is not mentioned would be free, so each is, and none is left over: an IP address is
// excluded by the two networks of all. For mail and URI no constraint means "all" to every
// verifier (OpenSSL takes the empty one for the empty host), but all agree that where a
// name is permitted, others are not; and below "invalid" there are none (RFC 6761
// section 6.4).
func constrained(c *x509.Certificate) *x509.Certificate {
	c.PermittedDNSDomainsCritical = true
	c.PermittedDNSDomains = []string{domain}
	c.ExcludedIPRanges = []*net.IPNet{
		{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)},
		{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
	}
	c.PermittedEmailAddresses = []string{"invalid"}
	c.PermittedURIDomains = []string{"invalid"}
	return c
}

// PEM is the authority's certificate, for those who shall trust it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Certificate is the authority's own. Do not change it.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Pin is the base64 of the SHA-256 of the public key, as Chromium's
// --ignore-certificate-errors-spki-list wants it.
func (a *Authority) Pin() string {
	sum := sha256.Sum256(a.cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Leaf returns the certificate of a host below zendesk.com, the same one each time. The
// chain has the authority in it, because a pinned key is looked for in the chain.
func (a *Authority) Leaf(host string) (*tls.Certificate, error) {
	name := hostname(host)
	if !Zendesk(name) {
		return nil, fmt.Errorf("no certificate for %q: it is not below %s", name, domain)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if leaf, found := a.leaves[name]; found {
		return leaf, nil
	}
	leaf, err := a.sign(name)
	if err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", name, err)
	}
	if a.leaves == nil || len(a.leaves) >= leavesMost {
		a.leaves = map[string]*tls.Certificate{}
	}
	a.leaves[name] = leaf
	return leaf, nil
}

func (a *Authority) sign(name string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), a.rand)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial(a.rand)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		// The name is in the extension alone: a common name ends at 64 characters.
		Subject:  pkix.Name{Organization: []string{"deskauth"}},
		DNSNames: []string{name}, NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(a.rand, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, nil
}

// newSerial has 127 random bits: unpredictable and positive (RFC 5280 section 4.1.2.2).
func newSerial(rand io.Reader) (*big.Int, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, fmt.Errorf("serial number: %w", err)
	}
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b), nil
}
