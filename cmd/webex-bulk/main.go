// Command webex-bulk applies files of operations to a Webex organization
// through the SCIM 2.0 Bulk API, and can play that service for tests.
//
//	webex-bulk demo
//	webex-bulk plan users.csv
//	webex-bulk apply --org 3f1d2c8a-… users.csv
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
