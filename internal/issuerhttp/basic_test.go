package issuerhttp_test

import "encoding/base64"

// basic is the header of Basic authentication (RFC 7617).
func basic(username, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}
