package contract

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Exchange is a request and its answer, both read whole.
type Exchange struct {
	Request *http.Request
	Sent    []byte
	Status  int
	Header  http.Header
	Body    []byte
}

// Check lists how an exchange is not what the description says. Requests may be
// wrong, and are held against it only where they were taken.
func (c *Contract) Check(e Exchange) []string {
	method := e.Request.Method
	o, known := c.Find(method, e.Request.URL)
	elsewhere := object(c.root["x-deskauth-elsewhere"])
	switch {
	case elsewhere != nil && o.ID == "":
		return c.checkElsewhere(e, elsewhere)
	case !known:
		return c.checkUnknown(e)
	case o.ID == "":
		return c.checkOtherMethod(e)
	}
	var all []string
	fault := func(format string, args ...any) { all = append(all, o.ID+": "+fmt.Sprintf(format, args...)) }
	responses, place := object(o.node["responses"]), o.place+"/responses/"
	status := strconv.Itoa(e.Status)
	if responses[status] == nil {
		fault("the status %s is not in the description", status)
		return all
	}
	response, at := c.resolve(responses[status], place+status)
	for name, node := range object(response["headers"]) {
		if err := c.checkHeader(node, e.Header.Get(name)); err != nil {
			fault("the header %s of %s %v", name, status, err)
		}
	}
	if method != http.MethodHead {
		if err := c.checkBody(response, at, e.Header.Get("Content-Type"), e.Body); err != nil {
			fault("the body of %s %v", status, err)
		}
	}
	if e.Status/100 == 2 {
		if err := c.checkRequest(o, e); err != nil {
			fault("a request that was taken: %v", err)
		}
	}
	return all
}

// checkElsewhere is for what a description does not have that says what answers
// there, by status. The files of pages are not among it.
func (c *Contract) checkElsewhere(e Exchange, answers map[string]any) []string {
	at := e.Request.Method + " " + e.Request.URL.Path
	if strings.HasPrefix(e.Request.URL.Path, "/static/") {
		return nil
	}
	name := text(answers[strconv.Itoa(e.Status)])
	if name == "" {
		return []string{fmt.Sprintf("%s is not in the description, and answers %d", at, e.Status)}
	}
	if e.Request.Method == http.MethodHead {
		return nil
	}
	if err := c.checkBody(c.shared(name), sharedPlace+name, e.Header.Get("Content-Type"), e.Body); err != nil {
		return []string{at + ": " + err.Error()}
	}
	return nil
}

// checkUnknown is for a path that the description does not have: pages and their
// files, and what does not exist. None of it is JSON but a refusal of the API.
func (c *Contract) checkUnknown(e Exchange) []string {
	path := e.Request.URL.Path
	kind, _, _ := mime.ParseMediaType(e.Header.Get("Content-Type"))
	switch {
	case strings.HasPrefix(path, "/api/") && e.Status/100 == 2 && !isPreflight(e.Request):
		return []string{path + " is not in the description, and answers"}
	case strings.HasPrefix(path, "/api/") && e.Status == http.StatusNotFound && e.Request.Method != http.MethodHead:
		if err := c.checkBody(c.shared("NotFound"), sharedPlace+"NotFound", kind, e.Body); err != nil {
			return []string{path + ": " + err.Error()}
		}
	case kind == "application/json" && !strings.HasPrefix(path, "/api/"):
		return []string{path + " is not in the description, and answers JSON"}
	}
	return nil
}

// checkOtherMethod is for a method that an address does not take: below the API it
// is as if it did not exist, and elsewhere 405.
func (c *Contract) checkOtherMethod(e Exchange) []string {
	at := e.Request.Method + " " + e.Request.URL.Path
	if strings.HasPrefix(e.Request.URL.Path, "/api/v2/") {
		if isPreflight(e.Request) && e.Status == http.StatusNoContent {
			return nil
		}
		if e.Status != http.StatusNotFound {
			return []string{fmt.Sprintf("%s is not in the description, and answers %d", at, e.Status)}
		}
		if err := c.checkBody(c.shared("NotFound"), sharedPlace+"NotFound", e.Header.Get("Content-Type"), e.Body); err != nil {
			return []string{at + ": " + err.Error()}
		}
		return nil
	}
	if e.Status != http.StatusMethodNotAllowed {
		return []string{fmt.Sprintf("%s is not in the description, and answers %d", at, e.Status)}
	}
	if e.Header.Get("Allow") == "" {
		return []string{at + ": 405 without Allow"}
	}
	return nil
}

// CheckRefusal holds an answer that is an error of the API against the shape that
// its status has in all of the API, whatever was asked.
func (c *Contract) CheckRefusal(e Exchange) []string {
	name, known := refusals[e.Status]
	if e.Status < 400 || e.Request.Method == http.MethodHead {
		return nil
	}
	if !known {
		return []string{fmt.Sprintf("no refusal of the API has the status %d", e.Status)}
	}
	var all []string
	response := c.shared(name)
	for header, node := range object(response["headers"]) {
		if err := c.checkHeader(node, e.Header.Get(header)); err != nil {
			all = append(all, fmt.Sprintf("the header %s %v", header, err))
		}
	}
	if err := c.checkBody(response, sharedPlace+name, e.Header.Get("Content-Type"), e.Body); err != nil {
		all = append(all, fmt.Sprintf("the body of %d %v", e.Status, err))
	}
	return all
}

// refusals are what the description calls the errors of the API.
var refusals = map[int]string{
	http.StatusBadRequest: "BadRequest", http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Forbidden",
	http.StatusNotFound: "NotFound", http.StatusConflict: "Conflict", http.StatusRequestEntityTooLarge: "TooLarge",
	http.StatusUnprocessableEntity: "Unprocessable", http.StatusTooManyRequests: "TooManyRequests",
	http.StatusInternalServerError: "InternalError", http.StatusServiceUnavailable: "Unavailable",
}

const sharedPlace = "#/components/responses/"

func (c *Contract) shared(name string) map[string]any {
	return object(object(object(c.root["components"])["responses"])[name])
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

func (c *Contract) checkHeader(node any, value string) error {
	header, place := c.resolve(node, "")
	if value == "" {
		if header["required"] == true {
			return fmt.Errorf("is missing")
		}
		return nil
	}
	if place == "" {
		return nil // written at its response, where none has more to say than that it is there
	}
	if err := c.validateValue(place+"/schema", value); err != nil {
		return fmt.Errorf("is %q: %w", value, err)
	}
	return nil
}

// checkBody holds a body against a response, or a request body, of the document.
func (c *Contract) checkBody(node map[string]any, place, contentType string, body []byte) error {
	content := object(node["content"])
	if content == nil {
		if len(body) > 0 {
			return fmt.Errorf("should be empty: %q", clip(body))
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = contentType
	}
	media, found := content[kind].(map[string]any)
	if !found {
		kind = "*/*"
		if media, found = content[kind].(map[string]any); !found {
			return fmt.Errorf("has the type %q, which is not in the description", contentType)
		}
	}
	schema := object(media["schema"])
	if schema == nil || schema["type"] == "string" { // a text as it is
		return nil
	}
	at := place + "/content/" + escape(kind) + "/schema"
	if kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		return c.validateValue(at, formObject(form))
	}
	if err := c.validate(at, body); err != nil {
		return fmt.Errorf("%w: %s", err, clip(body))
	}
	return nil
}

func formObject(form url.Values) map[string]any {
	o := map[string]any{}
	for name, all := range form {
		o[name] = all[0]
	}
	return o
}

func (c *Contract) checkRequest(o Operation, e Exchange) error {
	query := e.Request.URL.Query()
	for n, node := range array(o.node["parameters"]) {
		p, place := c.resolve(node, o.place+"/parameters/"+strconv.Itoa(n))
		name := text(p["name"])
		if text(p["in"]) != "query" || !query.Has(name) {
			continue
		}
		if err := c.checkParameter(p, place, query.Get(name)); err != nil {
			return fmt.Errorf("the parameter %s: %w", name, err)
		}
	}
	body, place := c.resolve(o.node["requestBody"], o.place+"/requestBody")
	switch {
	case len(body) == 0, e.Request.ContentLength < 0:
		return nil
	case body["required"] != true && !isJSONObject(e):
		return nil // such a body holds nothing
	case strings.HasPrefix(e.Request.URL.Path, "/oauth/") && len(query) > 0:
		return nil // what is missing in the body is in the query
	}
	contentType := e.Request.Header.Get("Content-Type")
	if strings.TrimSpace(contentType) == "" {
		contentType = "application/x-www-form-urlencoded"
	}
	return c.checkBody(body, place, contentType, e.Sent)
}

func isJSONObject(e Exchange) bool {
	kind, _, _ := mime.ParseMediaType(e.Request.Header.Get("Content-Type"))
	var o map[string]json.RawMessage
	return kind == "application/json" && json.Unmarshal(e.Sent, &o) == nil && o != nil
}

// checkParameter takes a text for the number that it is, where numbers are meant.
func (c *Contract) checkParameter(p map[string]any, place, value string) error {
	if object(p["schema"])["type"] == "integer" {
		if number.MatchString(value) {
			return c.validateValue(place+"/schema", json.Number(value))
		}
		if value == "" {
			return nil // as if it were not there
		}
	}
	return c.validateValue(place+"/schema", value)
}

var number = regexp.MustCompile(`^-?[0-9]+$`)

func clip(body []byte) string {
	const most = 2000
	if len(body) > most {
		return string(body[:most]) + "…"
	}
	return string(body)
}
