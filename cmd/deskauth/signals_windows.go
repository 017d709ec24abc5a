package main

import "os"

// forwarded are the signals that Windows has; it can deliver none of them to another
// process, but the console sends Ctrl-C to everyone.
var forwarded = []os.Signal{os.Interrupt}
