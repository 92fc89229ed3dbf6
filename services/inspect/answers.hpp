#pragma once

#include "services/inspect/asked.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace portico::inspect {

/// What stands in the list of all that the inspector answers.
struct Listed {
    std::string_view method;  // "*": any
    std::string_view pattern; // as http::RouteTable takes it
    std::string_view about;   // one phrase
    std::string_view example; // a target to try with GET, or ""
};

/// A request whose answer is made at once, from the whole of it.
struct Row {
    Listed listed;
    Answer (*answer)(const Asked&);
    bool content = false; // wants it
};

/// Every one of them. Order means nothing; the page has it too.
std::span<const Row> rows();

/// The page that stands at "/".
std::string index_page(const std::vector<Listed>& all);

/// One of the lines of /stream/{n}: the request in JSON with the line's number, from 0.
std::string stream_line(const Asked& asked, std::uint64_t number);

/// The answer of /delay/{s}, once the time is over.
Answer tell(const Asked& asked);

/// Whether only the server itself writes this field: a second one would contradict it, or end the
/// content elsewhere.
bool is_ours(std::string_view field_name);

// By subject, each in a file of its own.
Answer status(const Asked& asked); // statuses.cpp
Answer redirect(const Asked& asked);
Answer relative_redirect(const Asked& asked);
Answer absolute_redirect(const Asked& asked);
Answer redirect_to(const Asked& asked);
Answer basic_auth(const Asked& asked); // logins.cpp
Answer hidden_basic_auth(const Asked& asked);
Answer bearer(const Asked& asked);
Answer cookies(const Asked& asked); // fields.cpp
Answer set_cookies(const Asked& asked);
Answer set_cookie(const Asked& asked);
Answer delete_cookies(const Asked& asked);
Answer response_headers(const Asked& asked);
Answer cache(const Asked& asked);
Answer cache_for(const Asked& asked);
Answer etag(const Asked& asked);
Answer gzip(const Asked& asked); // contents.cpp
Answer deflate(const Asked& asked);
Answer base64(const Asked& asked);
Answer range(const Asked& asked);
Answer html(const Asked& asked);
Answer json(const Asked& asked);
Answer xml(const Asked& asked);
Answer utf8(const Asked& asked);
Answer robots(const Asked& asked);

} // namespace portico::inspect
