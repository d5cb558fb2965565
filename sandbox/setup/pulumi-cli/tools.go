//go:build tools

// Package tools requires the Pulumi CLI as a module, because its replace
// directives make `go install ...@version` refuse.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
