// Package promotion makes a replica of a database in the cluster the primary, as components/database/replicated lays
// databases out: a StatefulSet of one primary, DATABASE, and one of replicas, DATABASE-replica.
//
// Nothing that is declared changes by it. Not the names change places but what they stand for: the volume of the
// replica becomes that of the primary's pod, and the replica's pod gets a new volume, which it clones the primary onto.
// So the next update of the stack finds everything as it declares it, and neither scaling, nor destroying, nor a stack
// that is set up anew on volumes that were kept has to know that there ever was a promotion.
//
// There are never two primaries, whatever happens on the way and wherever it is interrupted. The old one is stopped
// first, and its pod must be gone from the API server, which a pod on a node that does not answer is not: then only the
// node's own removal says that it is off. Next its volume is taken from its pod's claim. Only then a replica is
// promoted; what starts under the primary's name from there on finds either the promoted volume or none, and without
// one it refuses to make a new database while there are replicas.
//
// Each step leaves what it has done in a ConfigMap, DATABASE-promotion, before the next begins, and takes up what it
// finds half done. Run again after an interruption, a promotion goes on from there to its end; there is no way back but
// to finish, and to promote again.
package promotion
