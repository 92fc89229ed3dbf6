#pragma once

#include "services/catalog/plan.hpp"
#include "services/catalog/shelf.hpp"
#include "services/catalog/slots.hpp"

#include <vector>

namespace portico::catalog {

/// Which of `candidates` the plan allows, by key. Reads what it must of the files, in large pieces
/// and in their order; it blocks. `damaged` if a record is not what its slot says.
FileResult<std::vector<Slot>> search(const Shelf& shelf, const Plan& plan,
                                     std::vector<Slot> candidates);

/// The message of a slot, with the tags it arrived with.
FileResult<Head> read_head(const Shelf& shelf, const Slot& slot);

} // namespace portico::catalog
