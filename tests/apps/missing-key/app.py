import os

KEY = os.environ["PAYMENT_API_KEY"]
