// Package replicated runs a database server in the cluster: a primary and the replicas that follow it. What the engines
// differ in they say in an [Engine]; everything else is here, once.
//
// The primary and the replicas are two StatefulSets, so that neither's change touches the other. What has to be done in
// a server is done by scripts that run again and again to the same end. Each engine brings primary.sh, replica.sh,
// replica-alive.sh, ready.sh, setup.sh, backup.sh and restore.sh; what they are given is the same:
//
//   - setup.sh makes the accounts and databases of the applications in ROLES, whose passwords are files below /roles,
//     and the accounts in SERVICES, whose passwords are files below /services.
//   - backup.sh writes the name of a backup into /backup/name and each application's dump to /backup/APP.dump, and
//     upload.sh keeps them in the archive.
//   - download.sh gets such dumps, and restore.sh fills those databases with them that hold no table yet.
//
// # Rotation
//
// A higher [Args].Rotation gives every account another password. A server knows one password of an account, so that a
// change would refuse those that still have the old one. Therefore an application has two logins, used in turn
// ([plinth/components/database.Password]). A rotation makes a new password for the one that is not in use; the setup
// gives it to the server, and then the applications roll, one pod after the other. Both logins work while they do, so
// no connection is refused. The old password lasts until the next rotation: after a leak, rotate twice, one after the
// other. Raised by two at once, the login in use itself gets another password, and what has not rolled yet is refused
// until it has.
//
// The replicas have one password. They roll after it has changed; one that loses its connection in between is refused
// until it is its turn, and catches up then.
package replicated
