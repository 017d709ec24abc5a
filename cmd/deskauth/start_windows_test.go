package main

import "os"

// pageFaults are not counted here.
func pageFaults(*os.ProcessState) int64 { return 0 }
