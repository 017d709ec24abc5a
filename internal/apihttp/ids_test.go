package apihttp

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIDs(t *testing.T) {
	const (
		missing   = `{"error":"ParameterMissing","description":"Parameter ids is required"}`
		tooMany   = `{"error":"TooManyValues","description":"Parameter  cannot specify more than 100 values","max_count":100}`
		malformed = `{"error":{"title":"Invalid attribute","message":"You passed an invalid value for the ids attribute. Invalid parameter: ids must be a list of integers from api/v2/things/show_many"}}`
	)
	for text, c := range map[string]struct {
		want []int64
		err  string
	}{
		"1":                             {[]int64{1}, ""},
		"3,1,2":                         {[]int64{3, 1, 2}, ""},
		" 1 , 2,, 1,":                   {[]int64{1, 2}, ""},
		"99999999999999999999,7":        {[]int64{7}, ""},
		"":                              {nil, missing},
		" ,,":                           {nil, missing},
		"1,a":                           {nil, malformed},
		"-1":                            {nil, malformed},
		"1 2":                           {nil, malformed},
		"\x00":                          {nil, malformed},
		strings.Repeat("1,", 100) + "2": {nil, tooMany},
		strings.Repeat("1,", 99) + "2":  {[]int64{1, 2}, ""},
	} {
		r := Request{query: url.Values{"ids": {text}}, action: "api/v2/things/show_many"}
		got, err := r.IDs("ids")
		var body string
		if known := translate(err); known != nil {
			b, _ := known.MarshalJSON()
			body = string(b)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || body != c.err {
			t.Errorf("%.20q: %s, %s", text, diff, body)
		}
	}
}
