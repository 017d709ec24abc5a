// Command line prints one line: what the start of a command is measured beside.
package main

import "fmt"

func main() { fmt.Println("one line") }
