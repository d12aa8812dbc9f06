// Command plinth deploys a stack of the project it is run in, and adds no meaning to it: what up, preview and destroy
// do is the program's, and the same under stock pulumi. It finds or builds the Pulumi CLI, chooses a cluster, stands in
// for plugins that are not installed, and says what is going on.
//
//	plinth up STACK                  create or update it
//	plinth preview STACK             say what up would do
//	plinth verify STACK              look whether what it deployed works
//	plinth destroy STACK             delete everything in it
//	plinth bootstrap --cloud CLOUD   print the commands that make what has to be there before the first stack
//	plinth doctor STACK              look whether what it needs is there, before it is deployed
//	plinth orphans STACK             find what is left of it, or was made beside it
//	plinth env create|list|extend|destroy|reap   ephemeral environments
//	plinth image APP IMAGE --stack STACK         write another image into a stack's file
//	plinth unlock STACK              remove the lock of a command that is known to be dead
//	plinth refresh STACK             say what somebody else has changed in it
//	plinth outputs STACK [--json]    print its outputs
//	plinth render STACK --out DIR    write its manifests, without a cluster
//	plinth eta STACK                 estimate how long a first up and a destroy take
//	plinth version
//
// The cluster is the one that --kubeconfig, the stack's configuration or KUBECONFIG names; else a kind cluster, where
// kind and docker work; else an embedded control plane, whose pods are simulated.
//
// A stack whose configuration names a cloud has a cluster of its own there. The SDKs of clouds take minutes to compile,
// so this program is built without: it builds the one with the stack's cloud (-tags aws or -tags gcp), keeps it in
// .plinth/bin, and runs that in its own place. --simulate stands in for the cloud: nothing is created for real, what is
// in the cloud is kept in .plinth/sim, and an embedded cluster plays the one there. --cloud takes another cloud than
// the stack's file names, in the copy of it that Pulumi works on.
//
// Exit codes:
//
//	0    done
//	1    failed
//	2    bad configuration or usage; nothing was done
//	3    refused: something is protected, the stack lives on another cluster, or another command works on it
//	4    preview or refresh --expect-no-changes: there are changes
//	5    destroy or orphans: something is left that costs money
//	130  interrupted
//
// The first interrupt lets the operations that are under way finish; the second one ends them.
package main
