// Package contract holds exchanges against the issuer's OpenAPI description.
//
//	*http.Request, *http.Response ─► which operation? ─► status, headers, body ─► faults
//
// Its transport goes into the worlds of tests, so that whatever they ask, every
// answer is one that the description has. OpenAPI 3.1's schemas are JSON Schema
// 2020-12, and are taken as such.
package contract
