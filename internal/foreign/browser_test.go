package foreign

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// person is who sits at the browser.
type person struct{ email, password string }

// browser shows a person the pages of one server and fills in its forms for them.
type browser struct {
	client *http.Client
	person person
}

func newBrowser(t *testing.T, p person) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{client: &http.Client{Jar: jar}, person: p}
	// The redirect URI is where the journey ends; nobody listens there.
	b.client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if next.URL.Host != via[0].URL.Host {
			return http.ErrUseLastResponse
		}
		if len(via) > 10 {
			return errors.New("redirected too often")
		}
		return nil
	}
	return b
}

// allow opens an authorization URL, signs in where it is asked to, allows, and returns
// where the server sent the browser in the end.
func (b *browser) allow(t *testing.T, authorize string) string {
	t.Helper()
	r, err := b.client.Get(authorize)
	for range 5 { // sign-in and consent are two pages; more is going round in circles
		if err != nil {
			t.Fatal(err)
		}
		body, readErr := io.ReadAll(r.Body)
		r.Body.Close()
		if readErr != nil {
			t.Fatal(readErr)
		}
		if r.StatusCode == http.StatusFound || r.StatusCode == http.StatusSeeOther {
			return r.Header.Get("Location")
		}
		if r.StatusCode != http.StatusOK {
			t.Fatalf("%s answered %d: %s", r.Request.URL, r.StatusCode, body)
		}
		f, formErr := firstForm(strings.NewReader(string(body)))
		if formErr != nil {
			t.Fatalf("%s: %v in %s", r.Request.URL, formErr, body)
		}
		action, parseErr := r.Request.URL.Parse(f.action)
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		r, err = b.client.PostForm(action.String(), b.fillIn(f))
	}
	t.Fatal("asked for the fifth time")
	return ""
}

// fillIn answers a form as the person does who wants to get on.
func (b *browser) fillIn(f form) url.Values {
	values := f.values
	if values.Has("email") {
		values.Set("email", b.person.email)
		values.Set("password", b.person.password)
	}
	if values.Has("decision") {
		values.Set("decision", "allow")
	}
	return values
}

// form is a page's form with the values it comes with. A button's name is there too.
type form struct {
	action string
	values url.Values
}

// firstForm finds the first form of an HTML page. The decoder is told what of HTML is
// not XML; pages of a server that we know are well-formed otherwise.
func firstForm(page io.Reader) (f form, err error) {
	d := xml.NewDecoder(page)
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for inForm := false; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return f, errors.New("no form")
		} else if err != nil {
			return f, fmt.Errorf("not HTML as it is read here: %w", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch {
			case e.Name.Local == "form":
				f, inForm = form{attribute(e, "action"), url.Values{}}, true
			case inForm && (e.Name.Local == "input" || e.Name.Local == "button"):
				if name := attribute(e, "name"); name != "" && !f.values.Has(name) {
					f.values.Set(name, attribute(e, "value"))
				}
			}
		case xml.EndElement:
			if e.Name.Local == "form" {
				return f, nil
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
