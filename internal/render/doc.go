// Package render writes down what a stack would create, without a cluster, credentials or the Pulumi CLI: Kubernetes
// manifests that kubectl can apply, everything else as JSON, and the whole as a picture.
//
// Values that only a deployment knows, and secrets, are rendered as placeholders:
//
//	<plinth: TYPE::NAME.OUTPUT>           an output of another resource
//	<plinth: config::KEY.PATH>            a secret value of the configuration
//	<plinth: unknown::TYPE::NAME.PATH>    something derived from an unknown value, named by where it stands
//	<plinth: secret::TYPE::NAME.PATH>     something derived from a secret, or a secret that the program itself makes up
//
// No secret value of the configuration is there when the program runs, so none can be rendered. The program is recorded
// twice. The first run is an ordinary preview: what is unknown in it is unknown. In the second, every string that a
// provider would return is a placeholder, and so are the secrets of both runs, with different texts. So the second run
// names the sources of what is unknown in the first; and a value that differs between the two depends on something that
// must not, or cannot, be rendered, even where the program has dropped its secretness, as it does with a checksum.
package render
