#pragma once

namespace portico::mail::sqlite {

/// The name of a VFS (sqlite.org/vfs.html) that is the default one but for how it writes the WAL:
/// what a transaction writes there piece by piece goes to the system in one piece, just before it
/// is synced; and the file grows by a MiB at once, since a sync that has to note a new length costs
/// twice as much. Only for connections that sync the WAL with every commit: without the sync other
/// connections would look for frames that are not there yet.
const char* wal_in_one_piece();

} // namespace portico::mail::sqlite
