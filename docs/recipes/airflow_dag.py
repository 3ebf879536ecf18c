"""The sync as an Airflow DAG: a file for the dags folder.

The connection `medusa_store` (type HTTP) has the store's address as host, https:// included, and a secret
API key as password. The command is installed on the workers in an environment of its own, /opt/medusa-sync.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="medusa_sync",
    schedule="*/2 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["medusa"],
):
    BashOperator(
        task_id="products",
        bash_command="/opt/medusa-sync/bin/medusa-sync products",
        env={
            "MEDUSA_BACKEND_URL": "{{ conn.medusa_store.host }}",
            "MEDUSA_API_KEY": "{{ conn.medusa_store.password }}",
        },
        append_env=True,
        skip_on_exit_code=75,  # another run holds the lock: the task is skipped, not failed
        retries=0,  # the next tick is the next try
        execution_timeout=timedelta(minutes=30),
        do_xcom_push=False,
    )
