// The workspaces that a store has worked for, whose lock files say what is going to be needed again.
#pragma once

#include "request/session.hpp"

namespace swage {

// Notes the lock file of the session's workspace, if there is one, in workspaces/ of the store's work directory.
Result<void> remember_workspace(Session& session, Store& store);
// What the lock files of all of them pin, valid or not. One whose file is gone is forgotten; one that cannot be read is
// told, and pins nothing.
Result<StorePathSet> pinned_by_workspaces(Store& store, Reporter& reporter);

}  // namespace swage
