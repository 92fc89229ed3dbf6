#include "net/file_descriptor.hpp"

#include <unistd.h>

namespace portico::net {

void FileDescriptor::reset(int number)
{
    if (number_ >= 0) ::close(number_);
    number_ = number;
}

} // namespace portico::net
