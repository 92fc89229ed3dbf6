#pragma once

#include "services/accounts/sasl.hpp"
#include "services/mail/envelope.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What a protocol wants done: by the service, which has the sockets, the store and the accounts.
namespace portico::smtp {

struct Read {}; // wants feed() or interrupted()
struct Write {
    std::string bytes;
};
struct Note {
    std::string event;
}; // worth a line in the log
struct Begin {
    mail::Envelope envelope;
}; // a message starts: wants began()
struct Append {
    std::string_view bytes;
};                 // a piece of it, valid until the next feed()
struct Abandon {}; // it is refused: nothing of it is to be kept
struct Deliver {}; // it is whole: wants delivered()
struct StartTls {  // wants secured(), once the handshake is done
    std::string go_ahead;
    std::size_t unread; // octets that came behind the command, and are thrown away
};
struct Authenticate { // an exchange starts: wants authenticated()
    accounts::Mechanism mechanism;
    std::optional<std::string> initial; // response, decoded
};
struct Respond {
    std::string response;
};                              // goes on: wants authenticated()
struct CancelAuthentication {}; // is given up
struct Close {};
using Step = std::variant<Read, Write, Note, Begin, Append, Abandon, Deliver, StartTls,
                          Authenticate, Respond, CancelAuthentication, Close>;

} // namespace portico::smtp
