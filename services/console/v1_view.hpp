#pragma once

#include "services/console/json.hpp"

#include <string>
#include <string_view>

/// A message's parts as browsers get them. Whatever is in them runs nothing and belongs to nobody:
/// the sandbox of the Content-Security-Policy takes the console's origin away from it. Pure.
namespace portico::console {

/// The HTML part as it stands, but for "cid:" URLs (RFC 2392) in attributes: each that is a part's
/// Content-ID becomes `folder` with the part's id behind it.
std::string with_parts(const mime::Message& message, std::string_view folder);

/// The same for a frame: links open outside of it, and a script of ours with this nonce tells the
/// frame's owner how high the page is.
std::string for_frame(std::string_view html, std::string_view nonce);

/// Field lines of a page of a message's HTML; `nonce` "": without a script.
std::string view_fields(std::string_view nonce);

/// Content-Type of a part: only if that is type "/" subtype (RFC 9110 section 8.3.1).
std::string part_type(std::string_view content_type);
/// And the other field lines.
std::string part_fields(std::string_view content_type, std::string_view file_name);

/// A JPEG of 180 by 120 white pixels.
const std::string& blank_picture();

/// Everything but letters, digits and "-._~" as "%20".
std::string percent_encoded(std::string_view text);

} // namespace portico::console
