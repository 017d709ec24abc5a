// Package browsertest drives Chromium through pages, for tests.
//
//	Go test ── starts servers, knows their addresses
//	   │ Run(t, "pages", input)
//	   ▼
//	node journeys/pages.mjs ── playwright-core ──► Chromium ──► the servers
//	   │ lib.mjs: visitors, axe, keyboard, screenshots
//	   ▼
//	{problems, said}: each problem fails the test
//
// One browser does for all journeys of a package (Main). A visitor is a fresh profile in it. Whatever goes wrong on any page it opens is a
// problem without the journey asking: an error on the console, an exception, a
// violation of the Content-Security-Policy, a style sheet or image that does not come.
//
// Chromium takes *.localhost to the loopback address by itself. With the variable
// DESKAUTH_SCREENSHOTS set to a directory, the journeys leave their pictures there.
// The Node packages come by `make browser`, the browser by `make deps`.
package browsertest
