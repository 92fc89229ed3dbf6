#pragma once

#include <string>
#include <string_view>

namespace portico::store {

/// Makes of a file with one message what is stored of it. If its first line ends in CR LF, as files
/// of mail do that were written as mail is sent, it is taken as it is. If that line ends in LF
/// alone it is a text of this system: every LF alone becomes CR LF, and so the last line ends too.
class WireForm {
public:
    void add(std::string_view bytes, std::string& out);
    void finish(std::string& out);

private:
    enum class Lines { unknown, as_they_are, of_text };
    Lines lines_ = Lines::unknown;
    char last_ = '\0';
};

/// The address in the `Return-Path:` that a message begins with (RFC 5321 section 4.4); "" if it
/// begins with something else. `head` is its beginning; a kilobyte will do.
std::string reverse_path_of(std::string_view head);

/// The file of a mailbox: its name, in which what a file's name cannot have is escaped as in an
/// URI.
std::string file_name_of(std::string_view mailbox);
std::string mailbox_of_file_name(std::string_view name);

} // namespace portico::store
