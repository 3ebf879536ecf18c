import pytest

# Checks that several tests share show what they compared, as asserts in a test do.
pytest.register_assert_rewrite("tests.e2e")
