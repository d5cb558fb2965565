//go:build tools

// Package tools requires Pulumi's Node language host as a module, because its replace
// directives make `go install ...@version` refuse.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
