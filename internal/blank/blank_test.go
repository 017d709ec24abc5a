package blank_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/deskauth/deskauth/internal/blank"
)

func TestWhatIsBlanked(t *testing.T) {
	for in, want := range map[string]string{
		"GET / 200":                                          "GET / 200",
		"Authorization: Bearer abcdef123456":                 "Authorization: Bearer [token 1]",
		`"authorization":"Basic YWRhOnB3"`:                   `"authorization":"Basic [token 1]"`,
		"sent bearer abcdef.123-456 twice: abcdef.123-456":   "sent bearer [token 1] twice: abcdef.123-456",
		"Set-Cookie: sid=1; Path=/":                          "Set-Cookie: [token 1]",
		"jwt eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl end":         "jwt [token 1] end",
		"postgres://app:hunter22@db.example/x":               "postgres://app:[secret 1]@db.example/x",
		"access_token=abcd1234&token_type=bearer":            "access_token=[secret 1]&token_type=bearer",
		`{"client_secret": "s3cr3t!", "refresh_token":null}`: `{"client_secret": "[secret 1]", "refresh_token":null}`,
		"password: swordfish":                                "password: [secret 1]",
		"/cb?code=4e3f9a&state=x":                            "/cb?code=[secret 1]&state=x",
		"AKIAIOSFODNN7EXAMPLE":                               "[key 1]",
		"ghp_0123456789abcdefghij0123456789abcdef":           "[token 1]",
		"hex " + strings.Repeat("0a", 32):                    "hex [token 1]",
		"commit " + strings.Repeat("0a", 20):                 "commit " + strings.Repeat("0a", 20),
		"word " + strings.Repeat("aB3", 14):                  "word [token 1]",
		"a-long-name-of-something-that-is-no-secret-at-all":  "a-long-name-of-something-that-is-no-secret-at-all",
		"ada@acme.example wrote to zoë@bücher.example":       "[email 1] wrote to [email 2]",
		"from 203.0.113.9 and 203.0.113.9, not 127.0.0.1":    "from [address 1] and [address 1], not 127.0.0.1",
		"from 2001:db8::1 at 12:34:56, ::1":                  "from [address 1] at 12:34:56, ::1",
		"mac 00:1a:2B:3c:4d:5e":                              "mac [address 1]",
		"version 1.2.3 of 999.1.1.1":                         "version 1.2.3 of 999.1.1.1",
		// Between quotes, and those of a text within a text, nothing of a value is left.
		`password="correct horse battery" user="ada"`:     `password="[secret 1]" user="ada"`,
		`{"password":"p{ass}word!","n":1}`:                `{"password":"[secret 1]","n":1}`,
		`{"password" : "a\"b c", "n": 1}`:                 `{"password" : "[secret 1]", "n": 1}`,
		`{"passwords":["ab,c", "d]e"],"n":1}`:             `{"passwords":[[secret 1]],"n":1}`,
		`api_key='a b;c' n=1`:                             `api_key='[secret 1]' n=1`,
		`token: 'it''s' x`:                                `token: '[secret 1]' x`,
		`secret: "cut off by the log`:                     `secret: "[secret 1]`,
		`"body":"{\"password\":\"hunt er2\",\"n\":1}"`:    `"body":"{\"password\":\"[secret 1]\",\"n\":1}"`,
		`"body":"{\"token\":\"a\\\"b c\",\"n\":1}"`:       `"body":"{\"token\":\"[secret 1]\",\"n\":1}"`,
		`"h":"{\"Authorization\":\"Token abcdefg1\"}"`:    `"h":"{\"Authorization\":\"Token [token 1]\"}"`,
		`{"access_token":"eyJhbGciOi.eyJzdWIi.c2lnbm"}`:   `{"access_token":"[token 1]"}`,
		`"set-cookie":["sid=s%3Aabc; Path=/", "b=2"],"n"`: `"set-cookie":[[token 1]],"n"`,
		`map[Authorization:[Token abcdef1] Cookie:[a=1]]`: `map[Authorization:[Token [token 1]] Cookie:[[token 2]]]`,
		// And where a secret stands otherwise.
		"redis://:hunter22@db.example:6379/0":             "redis://:[secret 1]@db.example:6379/0",
		"<password>hunter2</password><n>1</n>":            "<password>[secret 1]</password><n>1</n>",
		`<a:clientSecret type="x">h 2</a:clientSecret>`:   `<a:clientSecret type="x">[secret 1]</a:clientSecret>`,
		"/login?next=%2Fcb%3Ftoken%3Dab%2Bcd%26x%3D1&n=1": "/login?next=%2Fcb%3Ftoken%3D[secret 1]%26x%3D1&n=1",
		"mysql --password hunter2 --token-file /x -p":     "mysql --password [secret 1] --token-file /x -p",
		"curl -u ada:hunter2 https://acme.example":        "curl -u ada:[secret 1] https://acme.example",
		"user=ada pass=hunter2, tests passed: 1234":       "user=ada pass=[secret 1], tests passed: 1234",
		"order ACME-4711": "order [own 1]",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY----- x\nnext": "[key]\n x\nnext",
		`"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"`:                  `"[key 1]\n"`,
	} {
		b, err := blank.New(`ACME-\d+`)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := b.Copy(&out, strings.NewReader(in)); err != nil || out.String() != want {
			t.Errorf("%q becomes %q, want %q, %v", in, out.String(), want, err)
		}
	}
}

// A value keeps its number from file to file, and the places are counted.
func TestNumbers(t *testing.T) {
	b, err := blank.New()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"[email 1] [email 2] [email 1]", "[email 2] [email 3]"} {
		var out bytes.Buffer
		counts, err := b.Copy(&out, strings.NewReader([]string{"a@x.example b@x.example a@x.example", "b@x.example c@x.example"}[i]))
		if err != nil || out.String() != want || counts[blank.Email] != 3-i {
			t.Errorf("%q, %v, %v", out.String(), counts, err)
		}
	}
}

// Lines of any length go through, and a secret in the midst of one does not.
func TestLongLines(t *testing.T) {
	for _, space := range []string{" ", "."} {
		b, err := blank.New()
		if err != nil {
			t.Fatal(err)
		}
		word := strings.Repeat("x", 39) + space
		in := strings.Repeat(word, 5_000) + " password=swordfish " + strings.Repeat(word, 5_000)
		var out bytes.Buffer
		if _, err := b.Copy(&out, iotest.HalfReader(strings.NewReader(in))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "swordfish") || out.String() != strings.Replace(in, "swordfish", "[secret 1]", 1) {
			t.Errorf("a line of %d bytes becomes one of %d", len(in), out.Len())
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, own := range []string{"(", "x*", ""} {
		if _, err := blank.New(own); err == nil {
			t.Errorf("the pattern %q is taken", own)
		}
	}
	b, _ := blank.New()
	if _, err := b.Copy(&bytes.Buffer{}, iotest.ErrReader(errors.New("disk"))); err == nil {
		t.Error("a text that cannot be read is taken")
	}
}

// Whatever stands before it, a secret does not come through.
func FuzzCopy(f *testing.F) {
	for _, in := range []string{"Authorization: Bearer x", "password=[token 1]", "a@b.cc:1.2.3.4", "-----BEGIN PRIVATE KEY-----", "::1::", "\xff@\xff"} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		const secret = "swordfish-of-the-test"
		b, err := blank.New()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := b.Copy(&out, strings.NewReader(strings.ReplaceAll(in, secret, "")+"\npassword="+secret+"\n")); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), secret) {
			t.Errorf("behind %q it comes through: %q", in, out.String())
		}
	})
}
