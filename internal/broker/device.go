package broker

import (
	"io"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// DeviceID is the number of a device.
type DeviceID int64

// DeviceState says how far a device is.
type DeviceState string

// The states of a device.
const (
	DeviceOpen    DeviceState = "open"    // nobody has decided
	DeviceAllowed DeviceState = "allowed" // a person signed in for it; its key waits to be fetched
	DeviceDenied  DeviceState = "denied"
	DeviceSpent   DeviceState = "spent" // the key was fetched
)

// Device is a program that waits for a person to allow it, because it runs where no
// browser is (RFC 8628).
type Device struct {
	ID         DeviceID
	Code       secret.Digest // what the program asks by
	UserCode   secret.Digest // what the person types
	Program    string        // its client_id: what it calls itself, which nobody verified
	Account    string        // subdomain; "": the person says it
	Product    Product
	Scope      oauth.Scope
	Address    string // where the program asked from
	Created    time.Time
	Expires    time.Time
	Pause      time.Duration // between two questions of the program
	Polled     time.Time     // its last question; zero: none yet
	State      DeviceState
	Connection ConnectionID // that it was allowed with
}

const (
	// deviceLife is how long both codes are good. The shorter, the fewer codes there
	// are to be guessed (RFC 8628 §5.1).
	deviceLife = 10 * time.Minute

	// devicePause is RFC 8628 §3.2's default, and slower what §3.5 adds to it for a
	// program that asks too soon.
	devicePause = 5 * time.Second
	slower      = 5 * time.Second

	// deviceKeyLife is how long the key is good that a device is given.
	deviceKeyLife = 90 * 24 * time.Hour
)

// Open tells whether a person may still decide about the device.
func (d Device) Open(now time.Time) bool { return d.State == DeviceOpen && now.Before(d.Expires) }

// Poll decides what a program is told that asks by its device code; "" grants its key
// (RFC 8628 §3.5). Slow tells that it asked sooner than it may.
//
// A code that was spent is like one that never was. The program's name is part of the
// code (RFC 6749 §5.2: "issued to another client").
func (d Device) Poll(now time.Time, program string) (told oauth.Code, slow bool) {
	switch {
	case program != d.Program || d.State == DeviceSpent:
		return oauth.InvalidGrant, false
	case d.State == DeviceDenied:
		return oauth.AccessDenied, false
	case !now.Before(d.Expires):
		return oauth.ExpiredToken, false
	case d.State == DeviceAllowed:
		return "", false
	case !d.Polled.IsZero() && now.Before(d.Polled.Add(d.Pause)):
		return oauth.SlowDown, true
	}
	return oauth.AuthorizationPending, false
}

// Asked is the device after such a question at an instant.
func (d Device) asked(now time.Time, slow bool) Device {
	d.Polled = now
	if slow {
		d.Pause += slower
	}
	return d
}

// key is the key that the device is given: it lends one connection, for some time.
func (d Device) key(now time.Time, plain secret.Plain) Key {
	return Key{
		Name: d.Program, Digest: plain.Digest(), Can: []Power{Lend}, Connections: []ConnectionID{d.Connection},
		Created: now, Expires: now.Add(deviceKeyLife),
	}
}

// userAlphabet has no vowels, so that no code is a word, and no digit that looks like
// a letter (RFC 8628 §6.1).
const userAlphabet = "BCDFGHJKLMNPQRSTVWXZ"

// userLength gives 20^8 codes, 34 bits: with few tries allowed, as many as it takes
// (RFC 8628 §5.1).
const userLength = 8

// newUserCode makes a code as it is shown, WDJB-MJHT.
func newUserCode(random io.Reader) secret.Plain {
	var code []byte
	buf := make([]byte, 1)
	for len(code) < userLength {
		if _, err := io.ReadFull(random, buf); err != nil {
			panic("no randomness: " + err.Error())
		}
		// The last multiple of 20 below 256: above it, the first letters would come
		// more often.
		if n := int(buf[0]); n < 240 {
			code = append(code, userAlphabet[n%len(userAlphabet)])
		}
	}
	return secret.Of(string(code[:4]) + "-" + string(code[4:]))
}

// readUserCode reads what a person typed: case, dashes and spaces do not count. What
// cannot be a code is the absent one.
func readUserCode(typed string) secret.Plain {
	var code []byte
	for _, r := range typed {
		switch {
		case r == '-' || r == ' ' || r == '\t' || r == '\u00a0' || '\u2010' <= r && r <= '\u2015':
		case r < 0x80 && strings.IndexByte(userAlphabet, upper(byte(r))) >= 0 && len(code) < userLength:
			code = append(code, upper(byte(r)))
		default:
			return secret.Plain{}
		}
	}
	if len(code) != userLength {
		return secret.Plain{}
	}
	return secret.Of(string(code[:4]) + "-" + string(code[4:]))
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// programMost bounds a program's name of itself, in bytes.
const programMost = 64

// programName tells whether a client_id can stand on a page as a name: of the
// characters that RFC 6749 Appendix A.1 allows, and none of them at its ends blank.
func programName(s string) bool {
	if s == "" || len(s) > programMost || s != strings.TrimSpace(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// ShownUserCode is a code that a person typed, as the program shows it; "" for what
// cannot be one.
func ShownUserCode(typed string) string {
	if code := readUserCode(typed); !code.IsZero() {
		return code.Reveal()
	}
	return ""
}
