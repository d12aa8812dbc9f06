// Package minio runs an S3 server in the cluster: MinIO, with buckets and with a user for each application.
//
// It is one pod with one drive, or four pods with one drive each, erasure coded: any one of the four may be gone, with
// its node, its zone or its volume, and objects are read and written still; two may be gone, and objects are read.
// Which of the two it is is decided when it is made: a server that holds objects cannot change from one to the other.
// An update that tries fails, and the server stands still, with all it holds, until that is taken back. Nor can four
// drives change whether requests are encrypted: pods are renewed one after the other, and would not understand each
// other.
//
// What has to be done inside is done by a Job, which runs again and again to the same end: it makes buckets, says
// whether they keep versions and for how long, and gives each application a user with a policy for its own prefix of
// its own bucket, and nothing else. Users of applications that are gone it takes away. It does not delete buckets: one
// that is no longer declared stays, with its objects. The root credentials are known to the server and that Job alone.
//
// The upstream project is archived: no release will follow the one that is pinned here, not for a vulnerability either,
// and its images have left Docker Hub. It is meant for development, and for those who take that over knowingly. Any
// server that speaks S3 can take its place by endpoint: see [plinth/components/objectstore.External].
package minio
