package main

import "plinth/components/platform"

// linked are the clouds that this program was built with: cloud_aws.go and cloud_gcp.go add theirs. Their SDKs take
// minutes to compile, so a plain build has none, and builds the one that a stack needs: see build.go.
var linked []platform.Platform
