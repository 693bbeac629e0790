#include "catalog/tables/readers.hpp"

namespace swage {

const Schema<LogLineRow>& log_line_schema() {
  static const Schema<LogLineRow> schema =
      Schema<LogLineRow>("[[line]]")
          .required("id", id(&LogLineRow::id))
          .required("pattern", &LogLineRow::pattern)
          .required("tool", word<LogLineRow, LogTool>(&LogLineRow::tool, {{"none", LogTool::none},
                                                                          {"compiler", LogTool::compiler},
                                                                          {"assembler", LogTool::assembler},
                                                                          {"linker", LogTool::linker},
                                                                          {"other", LogTool::other}}))
          .optional("after", &LogLineRow::after)
          .optional("weak", &LogLineRow::weak)
          .optional("text", &LogLineRow::text)
          .optional("hint", &LogLineRow::hint)
          .optional("override", read_override<LogLineRow>);
  return schema;
}

}  // namespace swage
