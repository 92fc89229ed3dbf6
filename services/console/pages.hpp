#pragma once

#include <string>
#include <string_view>

namespace portico::console {

/// What stands at "/": the paths that programs may ask for, under `webroot`.
std::string index_page(std::string_view title, std::string_view webroot);

/// The field lines of every page of ours: nothing from elsewhere runs in it or frames it.
std::string page_fields();

} // namespace portico::console
