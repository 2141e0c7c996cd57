"""Reports: a plan or a run as CSV, XLSX, JSON or HTML. Must never compute what planning or switching already decided."""
